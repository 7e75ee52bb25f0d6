/* Sample weights: checks, and what they add up to. docs/numerics.md, section 5. */
#include "nn/weights.h"

#include <math.h>

#include "base/fp.h"

gradus_status gd_check_weights(gradus_context *context, const gradus_tensor *weights, size_t count, const char *what) {
    const gradus_status status = gd_tensor_check_f32(context, weights, 1, count, what);
    for (size_t i = 0; status == GRADUS_OK && i < count; i++) {
        const float weight = ((const float *)weights->data)[i];
        if (!(isfinite(weight) && weight >= 0.0f))
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: the weight of sample %zu is %g, expected a finite number, 0 or over", what, i,
                           (double)weight);
    }
    return status;
}

static GD_NOINLINE double total_of(const gradus_tensor *weights, const uint32_t *order, size_t count) {
    gd_tree tree = {.top = 0};
    for (size_t first = 0; first < count; first += GD_LEAF) {
        double values[GD_LEAF];
        const size_t n = gd_least(count - first, GD_LEAF);
        for (size_t i = 0; i < n; i++) values[i] = (double)((const float *)weights->data)[gd_sample_row(order, first + i)];
        gd_tree_add(&tree, gd_leaf_sum(values, n));
    }
    return gd_tree_total(&tree);
}

double gd_weights_total(const gradus_tensor *weights, const uint32_t *order, size_t count) {
    const gd_fp_environment environment = gd_fp_enter();
    const double total = total_of(weights, order, count);
    gd_fp_leave(environment);
    return total;
}

gradus_status gradus_weights_total(gradus_context *context, const gradus_tensor *weights, double *total) {
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!weights || !total) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_weights_total: %s is NULL", weights ? "total" : "weights");
    const gradus_status status = gd_check_weights(context, weights, weights->columns, "gradus_weights_total");
    if (status == GRADUS_OK) *total = gd_weights_total(weights, NULL, weights->columns);
    return status;
}

gradus_status gd_weigh_batch(gradus_context *context, const gradus_batch *batch, const char *what, gd_samples *samples) {
    const bool whole = samples->count == samples->total;
    if (!batch->weights.data) return GRADUS_OK;
    const gradus_status status = gd_check_weights(context, &batch->weights, batch->samples, what);
    if (status != GRADUS_OK) return status;
    if (!(isfinite(batch->total_weight) && batch->total_weight >= 0.0))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: total_weight is %g, expected a finite number, 0 or over", what, batch->total_weight);
    if (!whole && batch->total_weight == 0.0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: part of a batch with weights needs total_weight (gradus_weights_total)", what);
    samples->weights = batch->weights;
    samples->total_weight = batch->total_weight > 0.0 ? batch->total_weight : gd_weights_total(&batch->weights, NULL, batch->samples);
    if (samples->total_weight == 0.0) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: the weights add up to 0", what);
    return GRADUS_OK;
}
