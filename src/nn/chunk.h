/* Samples forward through a net chunk by chunk, in bounded scratch. The net is only read. */
#ifndef GD_NN_CHUNK_H
#define GD_NN_CHUNK_H

#include "nn/net.h"

enum { GD_CHUNK = 1024 }; /* samples; a whole number of leaves */

/* What one chunk needs, in the context's scratch. */
typedef struct gd_chunk {
    gradus_context *context;
    const gradus_net *net;
    gd_load load;
    float *activations[2]; /* layer outputs in turn */
    float *result;         /* the last layer's outputs */
    size_t result_stride;
    gd_forward *forward;
    gd_phase *phases; /* with room for one more than gd_chunk_plan makes */
    double *leaf_sums;
    uint64_t *counts; /* [3][classes]: right, predicted, true */
    size_t classes;   /* that integer targets may name */
} gd_chunk;

/* Lays out what chunks of a pass over so many samples take; scratch is the bytes of it. */
gradus_status gd_chunk_lay_out(gd_chunk *chunk, size_t samples);
size_t gd_chunk_scratch(const gradus_net *net, size_t samples);

/* How many of the samples that are left the next chunk takes. */
size_t gd_chunk_samples(size_t left);

/* Plans the chunk of `samples` rows from `first`; the last layer, with this activation, writes to `result` [samples][stride]. Returns the number of
 * phases. */
size_t gd_chunk_plan(gd_chunk *chunk, const gradus_tensor *inputs, size_t first, size_t samples, gradus_activation activation, float *result,
                     size_t stride);

/* Runs the chunk's first `count` phases. */
gradus_status gd_chunk_run(gd_chunk *chunk, size_t count, size_t samples);

#endif
