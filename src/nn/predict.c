/* Inference and evaluation: chunks of samples forward through the net, in bounded scratch. The net is only read. */
#include <math.h>
#include <string.h>

#include "base/fp.h"
#include "nn/loss.h"
#include "nn/net.h"
#include "nn/plan.h"

enum { CHUNK = 1024, ROW_GRAIN = 16 }; /* CHUNK is a whole number of leaves */

_Static_assert(CHUNK % GD_LEAF == 0, "leaves must not straddle chunks");

/* What one chunk needs, in the context's scratch. */
typedef struct chunk {
    gradus_context *context;
    const gradus_net *net;
    gd_load load;
    float *activations[2]; /* layer outputs in turn */
    float *result;         /* the last layer's outputs */
    size_t result_stride;
    gd_forward *forward;
    gd_phase *phases;
    double *leaf_sums;
    uint64_t *counts; /* [3][classes]: right, predicted, true */
    size_t classes;
} chunk;

static size_t chunk_samples(size_t samples) { return samples < CHUNK ? samples : CHUNK; }

static void place(chunk *c, gd_arena *arena, size_t samples, bool evaluation) {
    const size_t n = chunk_samples(samples);
    c->forward = gd_arena_take(arena, c->net->layer_count, sizeof *c->forward);
    c->phases = gd_arena_take(arena, c->net->layer_count + 2, sizeof *c->phases);
    c->load.rows = gd_arena_take(arena, n, gd_row_stride(c->net->inputs) * sizeof(float));
    for (int i = 0; i < 2; i++) c->activations[i] = gd_arena_take(arena, n, c->net->widest * sizeof(float));
    c->leaf_sums = gd_arena_take(arena, CHUNK / GD_LEAF, sizeof(double));
    c->classes = gd_loss_classes(c->net->loss, gradus_net_outputs(c->net));
    c->counts = gd_arena_take(arena, evaluation ? c->classes : 0, 3 * sizeof(uint64_t));
}

static gradus_status lay_out(chunk *c, size_t samples, bool evaluation) {
    gd_arena arena = {NULL, 0};
    void *memory;
    place(c, &arena, samples, evaluation);
    gradus_status status = gd_context_scratch(c->context, arena.used, &memory);
    if (status != GRADUS_OK) return status;
    arena = (gd_arena){memory, 0};
    place(c, &arena, samples, evaluation);
    return GRADUS_OK;
}

gradus_status gradus_context_reserve(gradus_context *context, const gradus_net *net, size_t samples) {
    chunk c = {.context = context, .net = net};
    gd_arena arena = {NULL, 0};
    void *memory;
    place(&c, &arena, samples, true);
    const size_t step = gd_plan_scratch(context, net, samples);
    return gd_context_scratch(context, step > arena.used ? step : arena.used, &memory);
}

static void softmax_rows(void *argument, size_t begin, size_t end) {
    const chunk *c = argument;
    float maximum, sum;
    for (size_t i = begin; i < end; i++) gd_softmax(c->context, c->result + i * c->result_stride, gradus_net_outputs(c->net), &maximum, &sum);
}

/* Plans the chunk of `samples` rows from `first`; the last layer, with this activation, writes to `result` [samples][stride]. Returns the number of
 * phases. */
static size_t plan(chunk *c, const gradus_tensor *inputs, size_t first, size_t samples, gradus_activation activation, float *result, size_t stride) {
    const float *x;
    size_t count = 0, x_stride;
    c->load.inputs = inputs;
    c->load.first = first;
    c->load.samples = samples;
    c->phases[count++] = gd_load_phase(&c->load);
    x = gd_load_rows(&c->load, &x_stride);
    for (size_t l = 0; l < c->net->layer_count; l++) {
        const gd_layer *layer = &c->net->layers[l];
        const bool last = l + 1 == c->net->layer_count;
        float *y = last ? result : c->activations[l % 2];
        const size_t y_stride = last ? stride : gd_row_stride(layer->dense.outputs);
        c->forward[l] = (gd_forward){.context = c->context,
                                     .dense = layer->dense,
                                     .weights = layer->weights,
                                     .bias = layer->bias,
                                     .x = x,
                                     .y = y,
                                     .x_stride = x_stride,
                                     .y_stride = y_stride,
                                     .samples = samples,
                                     .activation = last ? activation : layer->activation};
        c->phases[count++] = gd_forward_phase(&c->forward[l]);
        x = y;
        x_stride = y_stride;
    }
    c->result = result;
    c->result_stride = stride;
    return count;
}

static double work(const chunk *c, size_t samples) {
    return gd_work_nanoseconds(c->context, (2.0 * (double)samples + GD_WEIGHT) * (double)gradus_net_parameter_count(c->net));
}

static GD_NOINLINE gradus_status predict(chunk *c, const gradus_tensor *inputs, const gradus_tensor *outputs) {
    gradus_status status = GRADUS_OK;
    const gradus_activation last = c->net->layers[c->net->layer_count - 1].activation;
    for (size_t first = 0; status == GRADUS_OK && first < inputs->rows; first += CHUNK) {
        const size_t samples = chunk_samples(inputs->rows - first);
        float *result = (float *)outputs->data + gd_tensor_row(outputs, first);
        size_t count = plan(c, inputs, first, samples, last, result, (size_t)outputs->row_stride);
        if (last == GRADUS_ACTIVATION_SOFTMAX) c->phases[count++] = (gd_phase){softmax_rows, c, samples, ROW_GRAIN};
        status = gd_phases_run(c->context, c->phases, count, work(c, samples), count);
    }
    return status;
}

gradus_status gradus_net_predict(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs, const gradus_tensor *outputs) {
    gradus_status status = gd_check_inputs(context, net, inputs, "gradus_net_predict: inputs");
    if (status == GRADUS_OK && !outputs) status = gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_predict: outputs is NULL");
    if (status == GRADUS_OK) status = gd_tensor_check_f32(context, outputs, inputs->rows, gradus_net_outputs(net), "gradus_net_predict: outputs");
    if (status != GRADUS_OK || inputs->rows == 0) return status;
    chunk c = {.context = context, .net = net};
    status = lay_out(&c, inputs->rows, false);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = predict(&c, inputs, outputs);
    gd_fp_leave(environment);
    return status;
}

/* The index of the greatest; the lowest wins ties. */
static size_t argmax(const float *row, size_t n) {
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
        if (row[j] > row[best]) best = j;
    return best;
}

/* Whether the targets say what class a sample is of. */
static bool have_classes(const chunk *c, const gradus_tensor *targets) {
    const gradus_loss loss = c->net->loss;
    return gd_targets_are_classes(targets) || loss == GRADUS_LOSS_CROSS_ENTROPY ||
           (loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY && gradus_net_outputs(c->net) == 1);
}

/* The class that a row of outputs, or of numbers as targets, stands for. */
static size_t class_of(const chunk *c, const float *row) {
    const size_t outputs = gradus_net_outputs(c->net);
    return c->classes == outputs ? argmax(row, outputs) : row[0] > 0.5f;
}

/* Adds a chunk's predictions, which are probabilities by now, to the counts. */
static void count_classes(const chunk *c, const gradus_tensor *targets, size_t first, size_t n) {
    const bool labels = gd_targets_are_classes(targets);
    for (size_t i = 0; i < n; i++) {
        const size_t predicted = class_of(c, c->result + i * c->result_stride);
        const size_t label = labels ? gd_label(targets, first + i) : class_of(c, (const float *)targets->data + gd_tensor_row(targets, first + i));
        c->counts[label] += predicted == label;
        c->counts[c->classes + predicted]++;
        c->counts[2 * c->classes + label]++;
    }
}

static double class_f1(const chunk *c, size_t class) {
    const double right = (double)c->counts[class], either = (double)c->counts[c->classes + class] + (double)c->counts[2 * c->classes + class];
    return either > 0.0 ? 2.0 * right / either : 0.0;
}

static void score_classes(const chunk *c, gradus_evaluation *evaluation) {
    uint64_t right = 0;
    double sum = 0.0;
    for (size_t k = 0; k < c->classes; k++) {
        right += c->counts[k];
        sum += class_f1(c, k);
    }
    evaluation->accuracy = (double)right / (double)evaluation->samples;
    evaluation->f1 = c->classes == 2 ? class_f1(c, 1) : sum / (double)c->classes;
}

static GD_NOINLINE gradus_status evaluate(chunk *c, const gd_samples *samples, gradus_evaluation *evaluation) {
    gradus_status status = GRADUS_OK;
    const size_t outputs = gradus_net_outputs(c->net);
    const bool classes = have_classes(c, &samples->targets);
    gd_tree tree = {.top = 0};
    memset(c->counts, 0, 3 * c->classes * sizeof *c->counts);
    for (size_t first = 0; status == GRADUS_OK && first < samples->count; first += CHUNK) {
        const size_t n = chunk_samples(samples->count - first), stride = gd_row_stride(outputs);
        float *result = c->activations[(c->net->layer_count - 1) % 2];
        gd_loss loss = {.context = c->context,
                        .kind = c->net->loss,
                        .activation = c->net->layers[c->net->layer_count - 1].activation,
                        .label_smoothing = c->net->label_smoothing,
                        .outputs = outputs,
                        .samples = n,
                        .y_stride = stride,
                        .first = first,
                        .y = result,
                        .targets = &samples->targets,
                        .leaf_sums = c->leaf_sums};
        size_t count = plan(c, &samples->inputs, first, n, gd_loss_forward_activation(c->net), result, stride);
        c->phases[count++] = gd_loss_phase(&loss);
        status = gd_phases_run(c->context, c->phases, count, work(c, n), count);
        for (size_t leaf = 0; status == GRADUS_OK && leaf * GD_LEAF < n; leaf++) gd_tree_add(&tree, c->leaf_sums[leaf]);
        if (status == GRADUS_OK && classes) count_classes(c, &samples->targets, first, n);
    }
    evaluation->samples = samples->count;
    evaluation->loss = gd_tree_total(&tree) / gd_loss_divisor(c->net->loss, samples->count, outputs);
    evaluation->accuracy = evaluation->f1 = NAN;
    if (classes) score_classes(c, evaluation);
    return status;
}

void gradus_evaluation_init_sized(gradus_evaluation *evaluation, size_t struct_size) {
    memset(evaluation, 0, struct_size);
    evaluation->struct_size = struct_size;
}

gradus_status gradus_net_evaluate(gradus_context *context, const gradus_net *net, const gradus_batch *batch, gradus_evaluation *evaluation) {
    gd_samples samples;
    gradus_evaluation known;
    gradus_evaluation_init(&known);
    if (!evaluation || evaluation->struct_size < sizeof(size_t))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_evaluate: evaluation must be initialised (gradus_evaluation_init)");
    gradus_status status = gd_check_batch(context, net, batch, "gradus_net_evaluate", &samples);
    if (status != GRADUS_OK) return status;
    chunk c = {.context = context, .net = net};
    status = lay_out(&c, samples.count, true);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = evaluate(&c, &samples, &known);
    gd_fp_leave(environment);
    if (status == GRADUS_OK) gd_write_struct(evaluation, evaluation->struct_size, &known, sizeof known);
    return status;
}
