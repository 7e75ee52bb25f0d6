/* The inside of a net. */
#ifndef GD_NN_NET_H
#define GD_NN_NET_H

#include <gradus/net.h>

#include "base/context.h"
#include "kernels/step.h"

typedef struct gd_layer {
    gd_dense dense;
    gradus_activation activation;
    float *weights, *bias; /* weights in gd_dense's layout */
    double dropout;        /* probability */
    gd_drop_rate drop_rate;
} gd_layer;

struct gradus_net {
    gradus_allocator allocator;
    gradus_loss loss;
    double label_smoothing;
    double *scaling; /* [2][inputs]: means, then what is multiplied by; NULL: none */
    double l1, l2;
    double input_dropout;
    gd_drop_rate input_drop_rate;
    bool drops; /* anything */
    size_t inputs, layer_count;
    size_t widest; /* the largest row stride of any layer's output */
    gd_layer *layers;
    float *memory; /* all weights and biases */
    size_t memory_size;
};

/* The row stride of arrays of activations with this many columns: whole cache lines and, of long rows, an odd number of them: products read a column
 * of many rows, which must not all meet in the same few sets of a cache. A single column is a vector over the samples. */
static inline size_t gd_row_stride(size_t columns) {
    const size_t line = GD_ALIGNMENT / sizeof(float), stride = gd_round_up(columns, line);
    if (columns == 1) return 1;
    return columns < 16 * line ? stride : stride | line;
}

/* A batch that has been checked against a net: strides and types as they are, labels in range. */
typedef struct gd_samples {
    gradus_tensor inputs, targets;
    size_t count;
    const uint32_t *order; /* [count]: sample i is row order[i] of inputs and of targets; NULL: it is row i */
    uint64_t seed, step;   /* of the random draws */
    bool drops;            /* dropout is wanted */
    size_t first, total;   /* sample 0's position in the global batch of `total` samples; total 0: these are all */
    gradus_tensor weights; /* a vector, in the order of targets; data NULL: none */
    double total_weight;   /* of the global batch; 0, where these are all: not known yet */
} gd_samples;

/* Where sample i is, by an order or without one. */
static inline size_t gd_sample_row(const uint32_t *order, size_t i) { return order ? order[i] : i; }

/* Checks inputs [count, net inputs], F32 or U8. */
gradus_status gd_check_inputs(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs, const char *what);

/* Reads and checks a batch, which has to be whole unless `parts`; `what` is the public function's name. */
gradus_status gd_check_batch(gradus_context *context, const gradus_net *net, const gradus_batch *batch, bool parts, const char *what,
                             gd_samples *samples);

/* Whether the optimizer was made for a net of this shape; whether two nets' parameters have the same shapes. */
bool gd_net_fits_optimizer(const gradus_net *net, const gradus_optimizer *optimizer);
bool gd_net_same_shape(const gradus_net *a, const gradus_net *b);

/* The steps of a global batch in parts: checks that these samples are its next part and makes room for the gradient; ends it after a failure or the
 * last part. */
gradus_status gd_accumulation_take(gradus_context *context, const gradus_net *net, gradus_optimizer *optimizer, const gd_samples *samples);
bool gd_optimizer_lends(const gradus_optimizer *optimizer, const gd_samples *samples); /* its memory for the gradient's nodes */
void gd_accumulation_leave(gradus_optimizer *optimizer, const gd_samples *samples, gradus_status status);

/* What a step saw: the mean loss and the undivided sum, of a part: of the global batch so far; and how many of the call's samples were classified
 * right, where there are classes. */
typedef struct gd_step_result {
    double loss, sum;
    uint64_t right;
} gd_step_result;

/* gradus_net_step on samples that have been checked; *result also after GRADUS_NOT_FINITE. */
gradus_status gd_net_step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gd_samples *samples, gd_step_result *result);

/* Lays arrays out in one block of memory: first with memory NULL to measure, then again to place. Every piece starts on a cache line. */
typedef struct gd_arena {
    unsigned char *memory;
    size_t used; /* SIZE_MAX: does not fit */
} gd_arena;

void *gd_arena_take(gd_arena *arena, size_t count, size_t size);

/* Reads and checks the caller's initializer (NULL: the default); the initial weights and biases, inside the floating-point guard. */
gradus_status gd_check_initializer(gradus_context *context, const gradus_initializer *given, gradus_initializer *initializer);
void gd_initialise(gradus_net *net, const gradus_initializer *initializer, uint64_t seed);

/* Checks penalties. */
gradus_status gd_check_penalties(gradus_context *context, double l1, double l2);

/* Checks the dropout of a config or of gradus_net_set_dropout; takes it into the net. */
gradus_status gd_check_dropout(gradus_context *context, double input_dropout, const double *dropout, size_t layer_count);
void gd_set_dropout(gradus_net *net, double input_dropout, const double *dropout);

/* Inputs as fp32 rows: made of the inputs in `rows`, or F32 inputs where they are, if nothing is done to them. */
typedef struct gd_load {
    const gradus_tensor *inputs;
    const uint32_t *order;     /* as of gd_samples */
    const gd_dropout *dropout; /* NULL: none */
    const double *scaling;     /* the net's */
    size_t first, samples;     /* of the order's rows, or the tensor's */
    float *rows;               /* [samples][gd_row_stride(columns)]; NULL: the inputs are taken where they are */
} gd_load;

/* Whether a batch needs rows of its own. */
bool gd_load_copies(const gd_samples *samples, const gradus_net *net);

/* The phase that loads (no tasks where nothing is done), and where the rows then are. */
gd_phase gd_load_phase(gd_load *load);
const float *gd_load_rows(const gd_load *load, size_t *stride);

#endif
