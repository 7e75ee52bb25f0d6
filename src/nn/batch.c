/* Batches: checks of the caller's inputs and targets, and loading inputs as fp32 rows. */
#include <string.h>

#include "nn/loss.h"
#include "nn/weights.h"

enum { AHEAD = 2, ROW_GRAIN = 16 }; /* rows */

void gradus_batch_init_sized(gradus_batch *batch, size_t struct_size) {
    memset(batch, 0, struct_size);
    batch->struct_size = struct_size;
}

gradus_status gd_check_inputs(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs, const char *what) {
    if (!inputs) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: inputs is NULL", what);
    gradus_status status = gd_tensor_check(context, inputs, what);
    if (status != GRADUS_OK) return status;
    if (inputs->dtype != GRADUS_DTYPE_F32 && inputs->dtype != GRADUS_DTYPE_U8)
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: inputs of dtype %d; F32 and U8 are supported", what, (int)inputs->dtype);
    if (inputs->batch != 1 || inputs->columns != net->inputs)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: the inputs have %zu features, the net expects %zu", what, inputs->columns, net->inputs);
    return GRADUS_OK;
}

/* Class labels: one a sample, each under the number of classes. */
static gradus_status check_labels(gradus_context *context, const gradus_net *net, const gd_samples *samples, const char *what) {
    const gradus_tensor *labels = &samples->targets;
    const size_t classes = gd_loss_classes(net->loss, gradus_net_outputs(net));
    if (labels->batch != 1 || labels->rows != 1 || labels->columns != samples->count)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: class targets must be a vector of %zu, one a sample, not %zu x %zu", what,
                       samples->count, labels->rows, labels->columns);
    for (size_t i = 0; i < samples->count; i++) {
        const int64_t label = labels->dtype == GRADUS_DTYPE_U8 ? ((const uint8_t *)labels->data)[i] : ((const int32_t *)labels->data)[i];
        if (label < 0 || (uint64_t)label >= classes)
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: target %zu is class %lld, but the net's classes are 0 to %zu", what, i,
                           (long long)label, classes - 1);
    }
    return GRADUS_OK;
}

/* Where the batch lies in its global one: at whole leaves. */
static gradus_status check_part(gradus_context *context, const gradus_batch *batch, bool parts, const char *what) {
    const size_t first = batch->first, total = batch->total ? batch->total : batch->samples, count = batch->samples;
    if (first > total || count > total - first)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %zu samples from %zu on are more than the batch's total of %zu", what, count, first,
                       total);
    const size_t before = first % GD_LEAF, over = (first + count) % GD_LEAF, fewer = count - over;
    if (before != 0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: first is %zu; a part begins at a multiple of %d, for example %zu or %zu", what, first,
                       (int)GD_LEAF, first - before, first - before + GD_LEAF);
    if (first + count == total || over == 0) {
        if (parts || count == total) return GRADUS_OK;
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: part of a larger batch (first %zu, total %zu), which is for gradus_net_step", what, first,
                       total);
    }
    const size_t more = gd_least(fewer + GD_LEAF, total - first);
    if (count < GD_LEAF)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: a part of %zu samples; all but the last have a multiple of %d, at least %zu here", what,
                       count, (int)GD_LEAF, more);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: a part of %zu samples; all but the last have a multiple of %d: %zu or %zu", what, count,
                   (int)GD_LEAF, fewer, more);
}

/* Field by field: zeroing the whole first would take as long as all checks. */
static void take_batch(const gradus_batch *batch, gd_samples *samples) {
    samples->inputs = batch->inputs;
    samples->targets = batch->targets;
    samples->count = batch->samples;
    samples->order = NULL;
    samples->seed = batch->seed;
    samples->step = batch->step;
    samples->drops = batch->flags & GRADUS_BATCH_DROPOUT;
    samples->first = batch->first;
    samples->total = batch->total ? batch->total : batch->samples;
    samples->weights.data = NULL;
    samples->total_weight = 0.0;
}

gradus_status gd_check_batch(gradus_context *context, const gradus_net *net, const gradus_batch *given, bool parts, const char *what,
                             gd_samples *samples) {
    gradus_batch other;
    gradus_status status = GRADUS_OK;
    if (!given) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: batch is NULL", what);
    if (given->struct_size != sizeof other) {
        gradus_batch_init(&other);
        status = gd_read_struct(context, "gradus_batch", given, &other, sizeof other);
        given = &other;
    }
    if (status == GRADUS_OK && given->samples == 0) status = gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: the batch has no samples", what);
    if (status == GRADUS_OK) status = gd_check_inputs(context, net, &given->inputs, what);
    if (status == GRADUS_OK) status = gd_tensor_check(context, &given->targets, what);
    if (status != GRADUS_OK) return status;
    if (given->inputs.rows != given->samples)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: samples is %zu, but the inputs have %zu rows", what, given->samples,
                       given->inputs.rows);
    status = check_part(context, given, parts, what);
    if (status != GRADUS_OK) return status;
    if (given->flags & ~(uint32_t)GRADUS_BATCH_DROPOUT || given->reserved)
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: the batch's flags are %#x, reserved is %u; expected GRADUS_BATCH_* and 0", what,
                       (unsigned)given->flags, (unsigned)given->reserved);
    take_batch(given, samples);
    status = gd_weigh_batch(context, given, what, samples);
    if (status != GRADUS_OK) return status;
    if (gd_targets_are_classes(&given->targets)) return check_labels(context, net, samples, what);
    if (given->targets.dtype != GRADUS_DTYPE_F32)
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: targets of dtype %d; F32 (numbers), U8 and I32 (classes) are supported", what,
                       (int)given->targets.dtype);
    return gd_tensor_check_shape(context, &given->targets, given->samples, gradus_net_outputs(net), what);
}

static size_t row_of(const gd_load *l, size_t i) { return gd_sample_row(l->order, l->first + i); }

static const uint8_t *bytes_of(const gd_load *l, size_t i) { return (const uint8_t *)l->inputs->data + gd_tensor_row(l->inputs, row_of(l, i)); }

static const float *floats_of(const gd_load *l, size_t i) { return (const float *)l->inputs->data + gd_tensor_row(l->inputs, row_of(l, i)); }

/* Shuffled rows come from anywhere in memory: the one after the next is asked for while this one is converted. */
static void load_bytes(const gd_load *l, size_t i, float *out) {
    const size_t columns = l->inputs->columns;
    const uint8_t *row = bytes_of(l, i), *soon = i + AHEAD < l->samples ? bytes_of(l, i + AHEAD) : row;
    for (size_t j = 0; j < columns; j += GD_ALIGNMENT) __builtin_prefetch(soon + j);
    for (size_t j = 0; j < columns; j++) out[j] = (float)row[j] * GD_U8_SCALE;
}

static void load_floats(const gd_load *l, size_t i, float *out) {
    const size_t columns = l->inputs->columns;
    const float *row = floats_of(l, i), *soon = i + AHEAD < l->samples ? floats_of(l, i + AHEAD) : row;
    for (size_t j = 0; j < columns; j += GD_ALIGNMENT / sizeof *soon) __builtin_prefetch(soon + j);
    memcpy(out, row, columns * sizeof *out);
}

static void scale(const gd_load *l, float *x) {
    const size_t columns = l->inputs->columns;
    const double *mean = l->scaling, *inverse = mean + columns;
    for (size_t j = 0; j < columns; j++) x[j] = (float)(((double)x[j] - mean[j]) * inverse[j]);
}

static void load(void *argument, size_t begin, size_t end) {
    const gd_load *l = argument;
    const size_t columns = l->inputs->columns, stride = gd_row_stride(columns);
    const bool bytes = l->inputs->dtype == GRADUS_DTYPE_U8;
    for (size_t i = begin; i < end; i++) {
        if (bytes) {
            load_bytes(l, i, l->rows + i * stride);
        } else {
            load_floats(l, i, l->rows + i * stride);
        }
        if (l->scaling) scale(l, l->rows + i * stride);
    }
    if (l->dropout) gd_drop(l->dropout, columns, &(gd_piece){begin, end - begin, 0, columns}, l->rows, stride);
}

bool gd_load_copies(const gd_samples *samples, const gradus_net *net) {
    return samples->inputs.dtype == GRADUS_DTYPE_U8 || samples->order || net->scaling || (samples->drops && net->input_drop_rate.threshold > 0);
}

gd_phase gd_load_phase(gd_load *l) { return (gd_phase){load, l, l->rows ? l->samples : 0, ROW_GRAIN}; }

const float *gd_load_rows(const gd_load *l, size_t *stride) {
    *stride = l->rows ? gd_row_stride(l->inputs->columns) : (size_t)l->inputs->row_stride;
    return l->rows ? l->rows : floats_of(l, 0);
}
