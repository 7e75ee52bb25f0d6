/* A pass over samples that sees each one's loss and outputs. */
#ifndef GD_NN_EVALUATE_H
#define GD_NN_EVALUATE_H

#include "nn/chunk.h"

/* Sees a chunk: `count` samples from `first` on, whose outputs, probabilities where there are any, are chunk->result. */
typedef void gd_visit(void *user, const gd_chunk *chunk, size_t first, size_t count);

/* Takes all samples through the net, in order; *loss is their mean loss. The chunk has been laid out. Inside the floating-point guard. */
gradus_status gd_evaluate(gd_chunk *chunk, const gd_samples *samples, gd_visit *visit, void *user, double *loss);

#endif
