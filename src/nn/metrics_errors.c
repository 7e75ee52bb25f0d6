/* Root mean squared error, mean absolute error and R2 of each output. */
#include <math.h>

#include "base/detmath.h"
#include "nn/metrics.h"

static double target(const gradus_tensor *targets, size_t i, size_t j) {
    return (double)((const float *)targets->data + gd_tensor_row(targets, i))[j];
}

void gd_errors_begin(gd_error_sums *sums, const gradus_tensor *targets, size_t samples) {
    for (size_t j = 0; j < targets->columns; j++) {
        gd_tree tree = {.top = 0};
        for (size_t first = 0; first < samples; first += GD_LEAF) {
            double values[GD_LEAF];
            const size_t n = gd_least(samples - first, GD_LEAF);
            for (size_t i = 0; i < n; i++) values[i] = target(targets, first + i, j);
            gd_tree_add(&tree, gd_leaf_sum(values, n));
        }
        sums[j] = (gd_error_sums){.mean = gd_tree_total(&tree) / (double)samples};
    }
}

static void add_leaf(gd_error_sums *s, const gradus_tensor *targets, const gd_chunk *c, size_t first, size_t begin, size_t n, size_t j) {
    double squares[GD_LEAF], magnitudes[GD_LEAF], about_mean[GD_LEAF];
    for (size_t i = 0; i < n; i++) {
        const double t = target(targets, first + begin + i, j), e = (double)c->result[(begin + i) * c->result_stride + j] - t, d = t - s->mean;
        squares[i] = e * e;
        magnitudes[i] = e < 0.0 ? -e : e;
        about_mean[i] = d * d;
    }
    gd_tree_add(&s->squares, gd_leaf_sum(squares, n));
    gd_tree_add(&s->magnitudes, gd_leaf_sum(magnitudes, n));
    gd_tree_add(&s->about_mean, gd_leaf_sum(about_mean, n));
}

void gd_errors_add(gd_error_sums *sums, const gradus_tensor *targets, const gd_chunk *c, size_t first, size_t count) {
    for (size_t begin = 0; begin < count; begin += GD_LEAF)
        for (size_t j = 0; j < targets->columns; j++) add_leaf(&sums[j], targets, c, first, begin, gd_least(count - begin, GD_LEAF), j);
}

gradus_output_metrics gd_errors_end(const gd_error_sums *s, size_t samples) {
    const double n = (double)samples, errors = gd_tree_total(&s->squares), spread = gd_tree_total(&s->about_mean);
    double r2 = NAN;
    if (samples > 1) r2 = spread != 0.0 ? 1.0 - errors / spread : errors == 0.0 ? 1.0 : 0.0;
    return (gradus_output_metrics){gd_sqrt(errors / n), gd_tree_total(&s->magnitudes) / n, r2};
}
