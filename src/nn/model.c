/* Models in files: a net as safetensors with its shape in the metadata (docs/formats.md). */
#include <gradus/model.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/context.h"
#include "base/memory.h"
#include "base/number.h"
#include "format/json.h"
#include "format/safetensors.h"
#include "format/utf8.h"
#include "nn/layer_text.h"

#define MODEL_FORMAT "gradus-model/1"

enum { NAME_SIZE = 40 };

/* A layer's two tensors, as they stand in a file. */
typedef struct layer_tensors {
    char weight_name[NAME_SIZE], bias_name[NAME_SIZE];
    gd_safetensor weight, bias;
} layer_tensors;

/* Fills in names and shapes; data is left alone. The pointers lead into *tensors. */
static void describe_layer(size_t index, size_t inputs, size_t outputs, layer_tensors *tensors) {
    snprintf(tensors->weight_name, NAME_SIZE, "layers.%zu.weight", index);
    snprintf(tensors->bias_name, NAME_SIZE, "layers.%zu.bias", index);
    tensors->weight = (gd_safetensor){.name = tensors->weight_name, .dtype = "F32", .dimensions = 2, .shape = {inputs, outputs}};
    tensors->bias = (gd_safetensor){.name = tensors->bias_name, .dtype = "F32", .dimensions = 1, .shape = {outputs}};
}

/* One layer's parameters in plain order, in one block: weights [inputs, outputs], then the bias. */
typedef struct layer_buffer {
    float *values;
    size_t weights, outputs, bytes;
    gradus_tensor weight, bias;
} layer_buffer;

static gradus_status allocate_layer(gradus_context *context, size_t inputs, size_t outputs, layer_buffer *buffer) {
    size_t count;
    memset(buffer, 0, sizeof *buffer);
    if (!gd_size_multiply(inputs, outputs, &buffer->weights) || !gd_size_add(buffer->weights, outputs, &count) ||
        !gd_size_multiply(count, sizeof(float), &buffer->bytes)) {
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "a layer of %zu x %zu does not fit in memory", inputs, outputs);
    }
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, buffer->bytes, "a layer's parameters", &memory);
    if (status != GRADUS_OK) return status;
    buffer->values = memory;
    buffer->outputs = outputs;
    buffer->weight = gradus_tensor_matrix(GRADUS_DTYPE_F32, buffer->values, inputs, outputs);
    buffer->bias = gradus_tensor_vector(GRADUS_DTYPE_F32, buffer->values + buffer->weights, outputs);
    return GRADUS_OK;
}

/* Saving. */

static gradus_status write_layer(gradus_context *context, gd_writer *out, const gradus_net *net, size_t index, size_t inputs, size_t outputs) {
    layer_buffer buffer;
    gradus_status status = allocate_layer(context, inputs, outputs, &buffer);
    if (status != GRADUS_OK) return status;
    status = gradus_net_get(context, net, index, &buffer.weight, &buffer.bias);
    if (status == GRADUS_OK) gd_write_f32le(out, buffer.values, buffer.weights + buffer.outputs);
    gd_release(&context->allocator, buffer.values, buffer.bytes);
    return status;
}

/* names: memory for one layer_tensors a layer; tensors: for two descriptions a layer. */
static bool write_header(gd_writer *out, const gradus_net *net, const char *layers, layer_tensors *names, gd_safetensor *tensors) {
    size_t count = gradus_net_layer_count(net), inputs = gradus_net_inputs(net);
    char inputs_text[24], smoothing_text[32];
    snprintf(inputs_text, sizeof inputs_text, "%zu", inputs);
    for (size_t i = 0; i < count; i++) {
        size_t outputs = gradus_net_layer(net, i).outputs;
        describe_layer(i, inputs, outputs, &names[i]);
        tensors[2 * i] = names[i].weight;
        tensors[2 * i + 1] = names[i].bias;
        inputs = outputs;
    }
    gd_json_print_number(smoothing_text, gradus_net_label_smoothing(net));
    const gd_safetensors_note notes[] = {{"format", MODEL_FORMAT},
                                         {"gradus", gradus_version()},
                                         {"numerics", gradus_numerics_version()},
                                         {"inputs", inputs_text},
                                         {"layers", layers},
                                         {"loss", gradus_loss_name(gradus_net_loss(net))},
                                         {"label_smoothing", smoothing_text}};
    const size_t all = sizeof notes / sizeof notes[0];
    return gd_safetensors_write_header(out, notes, gradus_net_label_smoothing(net) != 0.0 ? all : all - 1, tensors, 2 * count);
}

static gradus_status write_model(gradus_context *context, const gradus_net *net, gd_writer *out) {
    size_t count = gradus_net_layer_count(net), inputs = gradus_net_inputs(net);
    size_t bytes = count * (sizeof(layer_tensors) + 2 * sizeof(gd_safetensor));
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, bytes, "the table of tensors", &memory);
    if (status != GRADUS_OK) return status;
    layer_tensors *names = memory;
    gd_writer layers = gd_writer_make(&context->allocator);
    gd_layers_write(&layers, net);
    gd_write_bytes(&layers, "", 1);
    bool fits = !layers.failed && write_header(out, net, (const char *)layers.data, names, (gd_safetensor *)(names + count));
    out->failed = out->failed || layers.failed || !fits;
    gd_writer_free(&layers);
    gd_release(&context->allocator, memory, bytes);
    for (size_t i = 0; i < count && status == GRADUS_OK; i++) {
        size_t outputs = gradus_net_layer(net, i).outputs;
        status = write_layer(context, out, net, i, inputs, outputs);
        inputs = outputs;
    }
    return status;
}

gradus_status gradus_model_save(gradus_context *context, const gradus_net *net, const char *path) {
    if (context == NULL) return GRADUS_INVALID_ARGUMENT;
    if (net == NULL || path == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_model_save: %s is NULL", net == NULL ? "net" : "path");
    gd_writer out = gd_writer_make(&context->allocator);
    gradus_status status = write_model(context, net, &out);
    if (status == GRADUS_OK && out.failed) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory for the file's contents", path);
    if (status == GRADUS_OK) status = gd_file_replace(context, path, out.data, out.size);
    gd_writer_free(&out);
    return status;
}

/* Loading. */

static gradus_status refuse_metadata(gradus_context *context, const char *path, const char *key, const char *value) {
    char text[64] = "missing";
    if (value != NULL) gd_copy_printable(text, sizeof text, value);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a model of this version of gradus: metadata \"%s\" is %s", path, key, text);
}

/* The failed call's own message, under the file's name. */
static gradus_status refuse_model(gradus_context *context, const char *path) {
    char reason[512];
    gd_copy_printable(reason, sizeof reason, gradus_context_message(context));
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid model: %s", path, reason);
}

static bool parse_width(const char *text, size_t *width) {
    *width = 0;
    for (; *text >= '0' && *text <= '9' && *width <= GD_MAX_WIDTH; text++) *width = *width * 10 + (size_t)(*text - '0');
    return *text == 0 && *width > 0 && *width <= GD_MAX_WIDTH;
}

/* The net's config from the metadata. config->layers comes from the context's allocator. */
static gradus_status read_shape(gradus_context *context, const char *path, const gd_safetensors *file, gradus_net_config *config,
                                gradus_layer **layers) {
    const char *format = gd_safetensors_metadata(file, "format");
    if (format == NULL || strcmp(format, MODEL_FORMAT) != 0) return refuse_metadata(context, path, "format", format);
    const char *inputs = gd_safetensors_metadata(file, "inputs");
    if (inputs == NULL || !parse_width(inputs, &config->inputs)) return refuse_metadata(context, path, "inputs", inputs);
    const char *loss = gd_safetensors_metadata(file, "loss");
    config->loss = loss != NULL ? gradus_loss_from_name(loss) : GRADUS_LOSS_UNSET;
    if (config->loss == GRADUS_LOSS_UNSET) return refuse_metadata(context, path, "loss", loss);
    const char *smoothing = gd_safetensors_metadata(file, "label_smoothing"); /* its range is gradus_net_create's business */
    if (smoothing != NULL && !gd_parse_double(smoothing, strlen(smoothing), &config->label_smoothing))
        return refuse_metadata(context, path, "label_smoothing", smoothing);
    const char *text = gd_safetensors_metadata(file, "layers");
    if (text == NULL) return refuse_metadata(context, path, "layers", NULL);
    gradus_status status = gd_layers_parse(context, text, layers, &config->layer_count);
    config->layers = *layers;
    return status == GRADUS_INVALID_ARGUMENT ? refuse_model(context, path) : status;
}

static gradus_status find_tensor(gradus_context *context, const char *path, const gd_safetensors *file, gd_safetensor *wanted) {
    const gd_safetensor *found = gd_safetensors_find(file, wanted->name);
    if (found == NULL) return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid model: tensor \"%s\" is missing", path, wanted->name);
    bool same = strcmp(found->dtype, wanted->dtype) == 0 && found->dimensions == wanted->dimensions;
    for (size_t i = 0; same && i < wanted->dimensions; i++) same = found->shape[i] == wanted->shape[i];
    if (!same) {
        return gd_fail(context, GRADUS_BAD_DATA,
                       "%s: not a valid model: tensor \"%s\" is not F32 of the shape that the metadata's \"layers\" gives it", path, wanted->name);
    }
    *wanted = *found;
    return GRADUS_OK;
}

static void copy_floats(float *to, const gd_safetensor *from) {
    for (size_t i = 0; i < from->size / 4; i++) {
        uint32_t bits = gd_load_u32le(from->data + 4 * i);
        memcpy(&to[i], &bits, sizeof bits);
    }
}

static gradus_status find_layer(gradus_context *context, const char *path, const gd_safetensors *file, layer_tensors *tensors) {
    gradus_status status = find_tensor(context, path, file, &tensors->weight);
    return status == GRADUS_OK ? find_tensor(context, path, file, &tensors->bias) : status;
}

/* Every tensor is there in the right shape, and no other, so that the net takes about as much memory as the file. */
static gradus_status check_tensors(gradus_context *context, const char *path, const gd_safetensors *file, const gradus_net_config *config) {
    if (file->count != 2 * config->layer_count) {
        return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid model: %zu tensors where %zu layers need %zu", path, file->count,
                       config->layer_count, 2 * config->layer_count);
    }
    size_t inputs = config->inputs;
    for (size_t i = 0; i < config->layer_count; i++) {
        layer_tensors tensors;
        describe_layer(i, inputs, config->layers[i].outputs, &tensors);
        gradus_status status = find_layer(context, path, file, &tensors);
        if (status != GRADUS_OK) return status;
        inputs = config->layers[i].outputs;
    }
    return GRADUS_OK;
}

static gradus_status read_layer(gradus_context *context, const char *path, const gd_safetensors *file, gradus_net *net, size_t index, size_t inputs) {
    layer_tensors tensors;
    layer_buffer buffer;
    size_t outputs = gradus_net_layer(net, index).outputs;
    describe_layer(index, inputs, outputs, &tensors);
    gradus_status status = find_layer(context, path, file, &tensors);
    if (status == GRADUS_OK) status = allocate_layer(context, inputs, outputs, &buffer);
    if (status != GRADUS_OK) return status;
    copy_floats(buffer.values, &tensors.weight);
    copy_floats(buffer.values + buffer.weights, &tensors.bias);
    status = gradus_net_set(context, net, index, &buffer.weight, &buffer.bias);
    gd_release(&context->allocator, buffer.values, buffer.bytes);
    return status;
}

static gradus_status read_net(gradus_context *context, const char *path, const gd_safetensors *file, const gradus_net_config *config,
                              gradus_net **net) {
    gradus_status status = gradus_net_create(context, config, net);
    if (status == GRADUS_INVALID_ARGUMENT) return refuse_model(context, path);
    size_t inputs = config->inputs;
    for (size_t i = 0; i < config->layer_count && status == GRADUS_OK; i++) {
        status = read_layer(context, path, file, *net, i, inputs);
        inputs = config->layers[i].outputs;
    }
    if (status != GRADUS_OK) {
        gradus_net_destroy(context, *net);
        *net = NULL;
    }
    return status;
}

gradus_status gradus_model_load(gradus_context *context, const char *path, gradus_net **net) {
    if (context == NULL || net == NULL) return GRADUS_INVALID_ARGUMENT;
    *net = NULL;
    if (path == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_model_load: path is NULL");
    gd_safetensors file;
    gradus_status status = gd_safetensors_read(context, path, SIZE_MAX, &file);
    if (status != GRADUS_OK) return status;
    gradus_net_config config;
    gradus_layer *layers = NULL;
    gradus_net_config_init(&config);
    status = read_shape(context, path, &file, &config, &layers);
    if (status == GRADUS_OK) status = check_tensors(context, path, &file, &config);
    if (status == GRADUS_OK) status = read_net(context, path, &file, &config, net);
    if (layers != NULL) gd_release(&context->allocator, layers, config.layer_count * sizeof *layers);
    gd_safetensors_free(&file);
    return status;
}
