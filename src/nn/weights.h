/* Sample weights. */
#ifndef GD_NN_WEIGHTS_H
#define GD_NN_WEIGHTS_H

#include "nn/net.h"

/* Checks a vector of so many weights. */
gradus_status gd_check_weights(gradus_context *context, const gradus_tensor *weights, size_t count, const char *what);

/* What the weights of `count` samples add up to, by leaves; order as of gd_samples. */
double gd_weights_total(const gradus_tensor *weights, const uint32_t *order, size_t count);

/* Checks a batch's weights and takes them over. */
gradus_status gd_weigh_batch(gradus_context *context, const gradus_batch *batch, const char *what, gd_samples *samples);

#endif
