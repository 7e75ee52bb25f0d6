/* What the tests of nets share: shapes, random samples with strides, nets with random biases, parameters as plain arrays, the runnable instruction
 * sets. */
#ifndef TESTS_NETS_H
#define TESTS_NETS_H

#include <math.h>

#include <gradus/gradus.h>

#include "lists.h"
#include "random.h"

enum { MOST_LAYERS = 4, MOST_TENSORS = 2 * MOST_LAYERS, DIGEST = 65 };

/* -- contexts -- */

/* The index-th instruction set that this machine runs; NULL past the last. */
static inline const char *runnable_isa(size_t index) {
    int runnable = 0;
    const char *name;
    for (size_t i = 0; (name = gradus_isa_name(i, &runnable, NULL)) != NULL; i++)
        if (runnable && index-- == 0) return name;
    return NULL;
}

static inline gradus_context *context_with(const char *isa, uint32_t threads) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.isa = isa;
    config.threads = threads;
    return make_context(&config);
}

static inline bool says(const gradus_context *context, const char *text) { return strstr(gradus_context_message(context), text) != NULL; }

/* -- nets -- */

typedef struct net_shape {
    size_t inputs, layers, outputs[MOST_LAYERS];
    gradus_activation activations[MOST_LAYERS];
    gradus_loss loss;
    double label_smoothing;
    double input_dropout, dropout[MOST_LAYERS];
} net_shape;

/* The same hidden activation everywhere; a last layer that is softmax is with cross-entropy, any other with mse. */
static inline net_shape shape_of(size_t inputs, size_t layers, const size_t *outputs, gradus_activation hidden, gradus_activation last) {
    net_shape shape = {.inputs = inputs, .layers = layers};
    for (size_t l = 0; l < layers; l++) {
        shape.outputs[l] = outputs[l];
        shape.activations[l] = l + 1 < layers ? hidden : last;
    }
    shape.loss = last == GRADUS_ACTIVATION_SOFTMAX ? GRADUS_LOSS_CROSS_ENTROPY : GRADUS_LOSS_MSE;
    return shape;
}

static inline size_t last_outputs(const net_shape *shape) { return shape->outputs[shape->layers - 1]; }
static inline size_t layer_inputs(const net_shape *shape, size_t l) { return l == 0 ? shape->inputs : shape->outputs[l - 1]; }

static inline gradus_net_config net_config_of(const net_shape *shape, gradus_layer layers[MOST_LAYERS], uint64_t seed) {
    gradus_net_config config;
    gradus_net_config_init(&config);
    for (size_t l = 0; l < shape->layers; l++) layers[l] = (gradus_layer){shape->outputs[l], shape->activations[l], 0};
    config.inputs = shape->inputs;
    config.layers = layers;
    config.layer_count = shape->layers;
    config.loss = shape->loss;
    config.label_smoothing = shape->label_smoothing;
    config.input_dropout = shape->input_dropout;
    config.dropout = shape->dropout;
    config.seed = seed;
    return config;
}

static inline gradus_net *plain_net(gradus_context *context, const net_shape *shape, uint64_t seed) {
    gradus_layer layers[MOST_LAYERS];
    const gradus_net_config config = net_config_of(shape, layers, seed);
    gradus_net *net;
    cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_OK, "%s", gradus_context_message(context));
    return net;
}

/* With biases that are not 0. */
static inline gradus_net *make_net(gradus_context *context, const net_shape *shape, uint64_t seed) {
    gradus_net *net = plain_net(context, shape, seed);
    uint64_t random = seed + 1000;
    for (size_t l = 0; l < shape->layers; l++) {
        const size_t outputs = shape->outputs[l];
        float *bias = malloc(outputs * sizeof *bias);
        for (size_t j = 0; j < outputs; j++) bias[j] = (float)(test_uniform(&random) - 0.5);
        const gradus_tensor tensor = gradus_tensor_vector(GRADUS_DTYPE_F32, bias, outputs);
        cr_assert_eq(gradus_net_set(context, net, l, NULL, &tensor), GRADUS_OK);
        free(bias);
    }
    return net;
}

static inline gradus_optimizer *make_optimizer(gradus_context *context, const gradus_net *net, const char *text) {
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_UNSET);
    cr_assert_eq(gradus_optimizer_config_parse(context, text, &config), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_optimizer_create(context, net, &config, &optimizer), GRADUS_OK, "%s", gradus_context_message(context));
    return optimizer;
}

static inline void digest_of(gradus_context *context, const gradus_net *net, char digest[DIGEST]) {
    cr_assert_eq(gradus_net_sha256(context, net, digest), GRADUS_OK);
}

/* -- parameters or gradients of a net as plain tensors, weights then bias, layer by layer; rows with `padding` NaNs behind them -- */

typedef struct tensor_list {
    size_t count;
    gradus_tensor tensors[MOST_TENSORS];
    float *memory[MOST_TENSORS];
    size_t floats[MOST_TENSORS];
} tensor_list;

static inline void list_make(tensor_list *list, const net_shape *shape, size_t padding) {
    list->count = 2 * shape->layers;
    for (size_t i = 0; i < list->count; i++) {
        const size_t rows = i % 2 ? 1 : layer_inputs(shape, i / 2), columns = shape->outputs[i / 2];
        list->floats[i] = rows * (columns + padding);
        list->memory[i] = malloc(list->floats[i] * sizeof(float));
        cr_assert_not_null(list->memory[i]);
        for (size_t k = 0; k < list->floats[i]; k++) list->memory[i][k] = NAN;
        list->tensors[i] = gradus_tensor_matrix(GRADUS_DTYPE_F32, list->memory[i], rows, columns);
        list->tensors[i].row_stride = (ptrdiff_t)(columns + padding);
    }
}

static inline void list_free(tensor_list *list) {
    for (size_t i = 0; i < list->count; i++) free(list->memory[i]);
}

static inline float *list_at(const tensor_list *list, size_t tensor, size_t row, size_t column) {
    return list->memory[tensor] + row * (size_t)list->tensors[tensor].row_stride + column;
}

static inline void list_get(gradus_context *context, const gradus_net *net, const tensor_list *list) {
    for (size_t l = 0; l < list->count / 2; l++)
        cr_assert_eq(gradus_net_get(context, net, l, &list->tensors[2 * l], &list->tensors[2 * l + 1]), GRADUS_OK);
}

static inline void list_set(gradus_context *context, gradus_net *net, const tensor_list *list) {
    for (size_t l = 0; l < list->count / 2; l++)
        cr_assert_eq(gradus_net_set(context, net, l, &list->tensors[2 * l], &list->tensors[2 * l + 1]), GRADUS_OK);
}

/* Padding included, which must still be what list_make put there. */
static inline bool lists_equal(const tensor_list *a, const tensor_list *b) {
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++) equal = memcmp(a->memory[i], b->memory[i], a->floats[i] * sizeof(float)) == 0;
    return equal;
}

/* -- samples -- */

enum { INPUTS_U8 = 1, LABELS_I32 = 2, ROWS_STRIDED = 4, OTHER_TARGETS = 8 };

/* Usually the cross-entropies have classes and the other losses numbers as targets; with OTHER_TARGETS it is the other way round. */
static inline bool from_logits(gradus_loss loss) { return loss == GRADUS_LOSS_CROSS_ENTROPY || loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY; }
static inline bool targets_are_numbers(gradus_loss loss, unsigned kind) { return from_logits(loss) == ((kind & OTHER_TARGETS) != 0); }

typedef struct sample_set {
    gradus_batch batch;
    float *floats;
    uint8_t *bytes, *labels;
    int32_t *labels_i32;
    float *targets;
} sample_set;

static inline gradus_tensor strided(gradus_dtype dtype, void *data, size_t rows, size_t columns, size_t stride) {
    gradus_tensor tensor = gradus_tensor_matrix(dtype, data, rows, columns);
    tensor.row_stride = (ptrdiff_t)stride;
    return tensor;
}

/* F32 inputs in [-1, 1), about a third of them 0; targets in [-1, 1), or [0, 1) for the cross-entropies. What lies between rows is NaN. */
static inline sample_set make_samples(const net_shape *shape, size_t count, unsigned kind, uint64_t seed) {
    const size_t padding = kind & ROWS_STRIDED ? 7 : 0, stride = shape->inputs + padding;
    const size_t outputs = last_outputs(shape), target_stride = outputs + padding;
    sample_set set;
    uint64_t random = seed;
    memset(&set, 0, sizeof set);
    set.floats = malloc(count * stride * sizeof(float));
    set.bytes = malloc(count * stride);
    set.targets = malloc(count * target_stride * sizeof(float));
    set.labels = malloc(count);
    set.labels_i32 = malloc(count * sizeof(int32_t));
    for (size_t i = 0; i < count * stride; i++) {
        const bool outside = i % stride >= shape->inputs;
        set.bytes[i] = (uint8_t)(test_random(&random) % 3 == 0 ? 0 : test_random(&random));
        set.floats[i] = outside ? NAN : test_random(&random) % 3 == 0 ? 0.0f : (float)(2.0 * test_uniform(&random) - 1.0);
    }
    for (size_t i = 0; i < count * target_stride; i++)
        set.targets[i] = i % target_stride >= outputs ? NAN : (float)(2.0 * test_uniform(&random) - 1.0);
    for (size_t i = 0; from_logits(shape->loss) && i < count * target_stride; i++) set.targets[i] = fabsf(set.targets[i]);
    const size_t classes = outputs == 1 && shape->loss != GRADUS_LOSS_CROSS_ENTROPY ? 2 : outputs;
    for (size_t i = 0; i < count; i++) set.labels_i32[i] = set.labels[i] = (uint8_t)(test_random(&random) % classes);
    gradus_batch_init(&set.batch);
    set.batch.samples = count;
    set.batch.inputs = kind & INPUTS_U8 ? strided(GRADUS_DTYPE_U8, set.bytes, count, shape->inputs, stride)
                                        : strided(GRADUS_DTYPE_F32, set.floats, count, shape->inputs, stride);
    if (targets_are_numbers(shape->loss, kind)) {
        set.batch.targets = strided(GRADUS_DTYPE_F32, set.targets, count, outputs, target_stride);
    } else {
        set.batch.targets = gradus_tensor_vector(kind & LABELS_I32 ? GRADUS_DTYPE_I32 : GRADUS_DTYPE_U8,
                                                 kind & LABELS_I32 ? (void *)set.labels_i32 : set.labels, count);
    }
    return set;
}

static inline void free_samples(sample_set *set) {
    free(set->floats);
    free(set->bytes);
    free(set->targets);
    free(set->labels);
    free(set->labels_i32);
}

#endif
