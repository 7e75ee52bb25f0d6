/* The parts of a metrics pass: errors of outputs against numbers, areas under ROC curves. docs/numerics.md, section 5. */
#ifndef GD_NN_METRICS_H
#define GD_NN_METRICS_H

#include <gradus/metrics.h>

#include "nn/chunk.h"

/* One output's sums over the samples, by leaves and the tree. */
typedef struct gd_error_sums {
    gd_tree squares, magnitudes, about_mean;
    double mean; /* of the targets */
} gd_error_sums;

/* The targets' means [columns of targets], before the pass. */
void gd_errors_begin(gd_error_sums *sums, const gradus_tensor *targets, size_t samples);

/* A chunk's samples. */
void gd_errors_add(gd_error_sums *sums, const gradus_tensor *targets, const gd_chunk *chunk, size_t first, size_t count);

gradus_output_metrics gd_errors_end(const gd_error_sums *sums, size_t samples);

/* The area under the curve of n scores, labels[i] == class being what is to score high; keys and spare [n] are scratch. NaN: a score is, or all or none
 * of the samples are of the class. */
double gd_area_under_curve(const float *scores, const uint32_t *labels, uint32_t class, size_t n, uint64_t *keys, uint64_t *spare);

#endif
