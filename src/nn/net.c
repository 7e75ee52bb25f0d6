/* Nets: creation, initial weights, parameters in and out, the digest. */
#include "nn/loss.h"

#include <stdio.h>
#include <string.h>

#include "base/fp.h"
#include "base/names.h"
#include "base/sha256.h"

enum { MAX_LAYERS = 65536 };

#define ACTIVATION_NAME(number, NAME, name) [number] = #name,
static const char *const activation_names[] = {GRADUS_ACTIVATION_MAP(ACTIVATION_NAME)};
#define LOSS_NAME(number, NAME, name) [number] = name,
static const char *const loss_names[] = {GRADUS_LOSS_MAP(LOSS_NAME)};

enum { ACTIVATION_NAMES = sizeof activation_names / sizeof activation_names[0], LOSS_NAMES = sizeof loss_names / sizeof loss_names[0] };

gradus_activation gradus_activation_from_name(const char *name) { return gd_name_find(activation_names, ACTIVATION_NAMES, name); }
gradus_loss gradus_loss_from_name(const char *name) { return gd_name_find(loss_names, LOSS_NAMES, name); }
const char *gradus_activation_name(gradus_activation activation) { return gd_name_of(activation_names, ACTIVATION_NAMES, activation); }
const char *gradus_loss_name(gradus_loss loss) { return gd_name_of(loss_names, LOSS_NAMES, loss); }

void gradus_net_config_init_sized(gradus_net_config *config, size_t struct_size) {
    memset(config, 0, struct_size);
    config->struct_size = struct_size;
}

static gradus_status check_layer(gradus_context *context, const gradus_net_config *config, size_t index) {
    const gradus_layer *layer = &config->layers[index];
    const bool last = index + 1 == config->layer_count;
    if (layer->outputs == 0) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "layer %zu: it has no outputs", index);
    if (layer->reserved != 0) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "layer %zu: reserved must be 0", index);
    if (!gradus_activation_name(layer->activation))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "layer %zu: activation %d is unknown", index, (int)layer->activation);
    if (layer->activation == GRADUS_ACTIVATION_SOFTMAX && !last)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "layer %zu: softmax is for the last layer only", index);
    return GRADUS_OK;
}

static gradus_status check_config(gradus_context *context, const gradus_net_config *config) {
    gradus_status status = GRADUS_OK;
    if (config->inputs == 0) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: it has no inputs");
    if (config->layer_count == 0 || !config->layers) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: it has no layers");
    if (config->layer_count > MAX_LAYERS) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: more than %d layers", MAX_LAYERS);
    if (!gradus_loss_name(config->loss)) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: loss %d is unknown", (int)config->loss);
    for (size_t i = 0; status == GRADUS_OK && i < config->layer_count; i++) status = check_layer(context, config, i);
    if (status != GRADUS_OK) return status;
    const gradus_activation needed = gd_loss_activation(config->loss), last = config->layers[config->layer_count - 1].activation;
    if (needed && last != needed)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: the loss %s and the last layer's activation %s do not go together: the loss needs %s",
                       gradus_loss_name(config->loss), gradus_activation_name(last), gradus_activation_name(needed));
    if (!(config->label_smoothing >= 0.0 && config->label_smoothing <= 1.0))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: label_smoothing is %g, expected 0 to 1", config->label_smoothing);
    if (config->label_smoothing != 0.0 && config->loss != GRADUS_LOSS_CROSS_ENTROPY)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: label_smoothing is %g, but the loss is %s: it is for %s only", config->label_smoothing,
                       gradus_loss_name(config->loss), gradus_loss_name(GRADUS_LOSS_CROSS_ENTROPY));
    gradus_initializer initializer;
    status = gd_check_initializer(context, config->initializer, &initializer);
    if (status == GRADUS_OK) status = gd_check_penalties(context, config->l1, config->l2);
    return status != GRADUS_OK ? status : gd_check_dropout(context, config->input_dropout, config->dropout, config->layer_count);
}

void *gd_arena_take(gd_arena *arena, size_t count, size_t size) {
    const size_t at = arena->used;
    size_t bytes;
    if (!gd_size_multiply(count, size, &bytes) || bytes > SIZE_MAX / 4 || !gd_size_add(arena->used, gd_round_up(bytes, GD_ALIGNMENT), &arena->used)) {
        arena->used = SIZE_MAX;
        return NULL;
    }
    return arena->memory ? arena->memory + at : NULL;
}

/* Places every layer's weights and bias in the arena; layers may be NULL to measure. */
static void place_parameters(const gradus_net_config *config, gd_arena *arena, gd_layer *layers) {
    size_t inputs = config->inputs;
    for (size_t i = 0; i < config->layer_count; i++) {
        const gd_dense dense = {inputs, config->layers[i].outputs};
        size_t elements;
        if (!gd_dense_size(dense, &elements)) elements = SIZE_MAX;
        float *weights = gd_arena_take(arena, elements, sizeof(float)), *bias = gd_arena_take(arena, dense.outputs, sizeof(float));
        if (layers) layers[i] = (gd_layer){.dense = dense, .activation = config->layers[i].activation, .weights = weights, .bias = bias};
        inputs = dense.outputs;
    }
}

/* Reads the caller's config and measures the parameters. */
static gradus_status measure(gradus_context *context, const gradus_net_config *given, gradus_net_config *config, size_t *bytes) {
    gd_arena arena = {NULL, 0};
    gradus_net_config_init(config);
    if (!given) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: config is NULL");
    gradus_status status = gd_read_struct(context, "gradus_net_config", given, config, sizeof *config);
    if (status == GRADUS_OK) status = check_config(context, config);
    if (status != GRADUS_OK) return status;
    place_parameters(config, &arena, NULL);
    *bytes = arena.used;
    return arena.used == SIZE_MAX ? gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: its layers do not fit in memory") : GRADUS_OK;
}

gradus_status gradus_net_memory(gradus_context *context, const gradus_net_config *given, size_t *bytes) {
    gradus_net_config config;
    return measure(context, given, &config, bytes);
}

static gradus_status fill(gradus_context *context, gradus_net *net, const gradus_net_config *config) {
    void *memory;
    gd_arena arena;
    gradus_initializer initializer;
    gradus_status status = gd_check_initializer(context, config->initializer, &initializer);
    if (status == GRADUS_OK) status = gd_context_allocate(context, config->layer_count * sizeof(gd_layer), "net", &memory);
    if (status != GRADUS_OK) return status;
    net->layers = memory;
    net->layer_count = config->layer_count;
    net->memory = gd_allocate_zeroed(&net->allocator, net->memory_size);
    if (!net->memory) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "net: out of memory, %zu bytes", net->memory_size);
    arena = (gd_arena){(unsigned char *)net->memory, 0};
    place_parameters(config, &arena, net->layers);
    const gd_fp_environment environment = gd_fp_enter();
    for (size_t i = 0; i < net->layer_count; i++) {
        const size_t stride = gd_row_stride(net->layers[i].dense.outputs);
        if (stride > net->widest) net->widest = stride;
    }
    gd_initialise(net, &initializer, config->seed);
    gd_fp_leave(environment);
    gd_set_dropout(net, config->input_dropout, config->dropout);
    return GRADUS_OK;
}

gradus_status gradus_net_create(gradus_context *context, const gradus_net_config *given, gradus_net **net) {
    gradus_net_config config;
    void *memory;
    size_t bytes;
    *net = NULL;
    gradus_status status = measure(context, given, &config, &bytes);
    if (status == GRADUS_OK) status = gd_context_allocate(context, sizeof **net, "net", &memory);
    if (status != GRADUS_OK) return status;
    *net = memory;
    memset(memory, 0, sizeof **net);
    (*net)->allocator = context->allocator;
    (*net)->loss = config.loss;
    (*net)->label_smoothing = config.label_smoothing;
    (*net)->l1 = config.l1;
    (*net)->l2 = config.l2;
    (*net)->inputs = config.inputs;
    (*net)->memory_size = bytes;
    status = fill(context, *net, &config);
    if (status != GRADUS_OK) {
        gradus_net_destroy(context, *net);
        *net = NULL;
    }
    return status;
}

void gradus_net_destroy(gradus_context *context, gradus_net *net) {
    (void)context;
    if (!net) return;
    const gradus_allocator allocator = net->allocator;
    gd_release(&allocator, net->memory, net->memory_size);
    gd_release(&allocator, net->scaling, 2 * net->inputs * sizeof *net->scaling);
    gd_release(&allocator, net->layers, net->layer_count * sizeof(gd_layer));
    gd_release(&allocator, net, sizeof *net);
}

size_t gradus_net_inputs(const gradus_net *net) { return net->inputs; }
size_t gradus_net_outputs(const gradus_net *net) { return net->layers[net->layer_count - 1].dense.outputs; }
size_t gradus_net_layer_count(const gradus_net *net) { return net->layer_count; }
gradus_loss gradus_net_loss(const gradus_net *net) { return net->loss; }
double gradus_net_label_smoothing(const gradus_net *net) { return net->label_smoothing; }

gradus_layer gradus_net_layer(const gradus_net *net, size_t index) {
    gradus_layer layer = {0, GRADUS_ACTIVATION_UNSET, 0};
    if (index < net->layer_count) {
        layer.outputs = net->layers[index].dense.outputs;
        layer.activation = net->layers[index].activation;
    }
    return layer;
}

bool gd_net_same_shape(const gradus_net *a, const gradus_net *b) {
    bool same = a->inputs == b->inputs && a->layer_count == b->layer_count;
    for (size_t i = 0; same && i < a->layer_count; i++) same = a->layers[i].dense.outputs == b->layers[i].dense.outputs;
    return same;
}

uint64_t gradus_net_parameter_count(const gradus_net *net) {
    uint64_t count = 0;
    for (size_t i = 0; i < net->layer_count; i++) count += ((uint64_t)net->layers[i].dense.inputs + 1) * net->layers[i].dense.outputs;
    return count;
}

/* Checks the two tensors of get and set. */
static gradus_status check_parameters(gradus_context *context, const gradus_net *net, size_t index, const gradus_tensor *weights,
                                      const gradus_tensor *bias, const char *what) {
    gradus_status status = GRADUS_OK;
    if (index >= net->layer_count)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: layer %zu, but the net has %zu", what, index, net->layer_count);
    const gd_dense dense = net->layers[index].dense;
    if (weights) status = gd_tensor_check_f32(context, weights, dense.inputs, dense.outputs, what);
    if (status == GRADUS_OK && bias) status = gd_tensor_check_f32(context, bias, 1, dense.outputs, what);
    return status;
}

gradus_status gradus_net_get(gradus_context *context, const gradus_net *net, size_t index, const gradus_tensor *weights, const gradus_tensor *bias) {
    gradus_status status = check_parameters(context, net, index, weights, bias, "gradus_net_get");
    if (status != GRADUS_OK) return status;
    const gd_layer *layer = &net->layers[index];
    for (size_t i = 0; weights && i < layer->dense.inputs; i++)
        for (size_t j = 0; j < layer->dense.outputs; j++)
            ((float *)weights->data)[gd_tensor_row(weights, i) + (ptrdiff_t)j] = layer->weights[gd_dense_at(layer->dense, i, j)];
    if (bias) memcpy(bias->data, layer->bias, layer->dense.outputs * sizeof(float));
    return GRADUS_OK;
}

gradus_status gradus_net_set(gradus_context *context, gradus_net *net, size_t index, const gradus_tensor *weights, const gradus_tensor *bias) {
    gradus_status status = check_parameters(context, net, index, weights, bias, "gradus_net_set");
    if (status != GRADUS_OK) return status;
    gd_layer *layer = &net->layers[index];
    for (size_t i = 0; weights && i < layer->dense.inputs; i++)
        for (size_t j = 0; j < layer->dense.outputs; j++)
            layer->weights[gd_dense_at(layer->dense, i, j)] = ((const float *)weights->data)[gd_tensor_row(weights, i) + (ptrdiff_t)j];
    if (bias) memcpy(layer->bias, bias->data, layer->dense.outputs * sizeof(float));
    return GRADUS_OK;
}

gradus_status gradus_net_sha256(gradus_context *context, const gradus_net *net, char digest[65]) {
    gd_sha256 hash;
    uint8_t bytes[32];
    (void)context;
    gd_sha256_init(&hash);
    for (size_t l = 0; l < net->layer_count; l++) {
        const gd_layer *layer = &net->layers[l];
        for (size_t i = 0; i < layer->dense.inputs; i++)
            for (size_t j = 0; j < layer->dense.outputs; j++) gd_sha256_floats(&hash, &layer->weights[gd_dense_at(layer->dense, i, j)], 1);
        gd_sha256_floats(&hash, layer->bias, layer->dense.outputs);
    }
    gd_sha256_final(&hash, bytes);
    gd_sha256_hex(bytes, digest);
    return GRADUS_OK;
}

gradus_status gradus_net_optimizer_create(gradus_context *context, const gradus_net *net, const gradus_optimizer_config *config,
                                          gradus_optimizer **optimizer) {
    size_t bytes;
    void *memory;
    const size_t count = 2 * net->layer_count;
    enum { NAME = 40, UP_TO_GROUPS = offsetof(gradus_optimizer_config, groups) + sizeof config->groups };
    const bool apart = config && config->struct_size >= UP_TO_GROUPS && config->groups > 1; /* biases */
    *optimizer = NULL;
    if (!gd_size_multiply(count, sizeof(gradus_parameter) + sizeof(size_t) + NAME, &bytes)) bytes = SIZE_MAX;
    gradus_status status = gd_context_scratch(context, bytes, &memory);
    if (status != GRADUS_OK) return status;
    gradus_parameter *parameters = memory;
    size_t *sizes = (size_t *)(parameters + count);
    char *names = (char *)(sizes + count);
    memset(parameters, 0, count * sizeof *parameters);
    for (size_t i = 0; i < count; i++) {
        const gd_dense dense = net->layers[i / 2].dense;
        const bool weight = i % 2 == 0;
        char *name = names + i * NAME;
        snprintf(name, NAME, "layers.%zu.%s", i / 2, weight ? "weight" : "bias");
        parameters[i] = (gradus_parameter){.name = name,
                                           .batch = 1,
                                           .rows = weight ? dense.inputs : 1,
                                           .columns = dense.outputs,
                                           .role = weight ? GRADUS_ROLE_WEIGHT : GRADUS_ROLE_BIAS,
                                           .output_axis = GRADUS_AXIS_COLUMNS,
                                           .group = !weight && apart};
        sizes[i] = dense.outputs;
        if (weight) (void)gd_dense_size(dense, &sizes[i]);
    }
    status = gd_optimizer_make(context, config, parameters, sizes, count, optimizer);
    if (status == GRADUS_OK) status = gd_optimizer_own_states(context, *optimizer);
    if (status != GRADUS_OK) {
        gradus_optimizer_destroy(context, *optimizer);
        *optimizer = NULL;
    }
    return status;
}
