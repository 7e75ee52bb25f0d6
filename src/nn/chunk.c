/* Samples forward through a net chunk by chunk, in bounded scratch. */
#include "nn/chunk.h"

#include "nn/loss.h"
#include "nn/plan.h"

_Static_assert(GD_CHUNK % GD_LEAF == 0, "leaves must not straddle chunks");

size_t gd_chunk_samples(size_t left) { return left < GD_CHUNK ? left : GD_CHUNK; }

static void place(gd_chunk *c, gd_arena *arena, size_t samples) {
    const size_t n = gd_chunk_samples(samples);
    c->forward = gd_arena_take(arena, c->net->layer_count, sizeof *c->forward);
    c->phases = gd_arena_take(arena, c->net->layer_count + 2, sizeof *c->phases);
    c->load.rows = gd_arena_take(arena, n, gd_row_stride(c->net->inputs) * sizeof(float));
    for (int i = 0; i < 2; i++) c->activations[i] = gd_arena_take(arena, n, c->net->widest * sizeof(float));
    c->leaf_sums = gd_arena_take(arena, GD_CHUNK / GD_LEAF, sizeof(double));
    c->classes = gd_loss_classes(c->net->loss, gradus_net_outputs(c->net));
    c->counts = gd_arena_take(arena, c->classes, 3 * sizeof(uint64_t));
}

size_t gd_chunk_scratch(const gradus_net *net, size_t samples) {
    gd_chunk c = {.net = net};
    gd_arena arena = {NULL, 0};
    place(&c, &arena, samples);
    return arena.used;
}

gradus_status gd_chunk_lay_out(gd_chunk *c, size_t samples) {
    void *memory;
    gradus_status status = gd_context_scratch(c->context, gd_chunk_scratch(c->net, samples), &memory);
    if (status != GRADUS_OK) return status;
    gd_arena arena = {memory, 0};
    place(c, &arena, samples);
    return GRADUS_OK;
}

gradus_status gradus_context_reserve(gradus_context *context, const gradus_net *net, size_t samples) {
    void *memory;
    const size_t step = gd_plan_scratch(context, net, samples), pass = gd_chunk_scratch(net, samples);
    return gd_context_scratch(context, step > pass ? step : pass, &memory);
}

size_t gd_chunk_plan(gd_chunk *c, const gradus_tensor *inputs, size_t first, size_t samples, gradus_activation activation, float *result,
                     size_t stride) {
    const float *x;
    size_t count = 0, x_stride;
    c->load.inputs = inputs;
    c->load.scaling = c->net->scaling;
    if (inputs->dtype == GRADUS_DTYPE_F32 && !c->net->scaling) c->load.rows = NULL;
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

gradus_status gd_chunk_run(gd_chunk *c, size_t count, size_t samples) {
    const double operations = (2.0 * (double)samples + GD_WEIGHT) * (double)gradus_net_parameter_count(c->net);
    return gd_phases_run(c->context, c->phases, count, gd_work_nanoseconds(c->context, operations), count);
}
