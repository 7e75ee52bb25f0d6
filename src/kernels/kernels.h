/* The kernel table: everything that is compiled once an instruction set. One const table an ISA, swapped as a whole. Kernels never fail, allocate or
 * check pointers; the public function that calls them has validated. No two ISAs differ in one bit of any result (docs/numerics.md). */
#ifndef GD_KERNELS_H
#define GD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/optimizer.h>

/* Rules, and the algorithms that are made of them, in the order of optimizers.def. */
#define GRADUS_OPTIMIZER(number, name, NAME, ...) GD_RULE_##NAME,
enum {
#include <gradus/optimizers.def>
    GD_RULE_COUNT
};
#define GRADUS_OPTIMIZER(number, name, NAME, ...) GD_ALGORITHM_##NAME,
#define GRADUS_VARIANT(number, name, ID, ...) GD_ALGORITHM_##ID,
enum {
#include <gradus/optimizers.def>
    GD_ALGORITHM_COUNT
};

enum { GD_MAX_STATES = 4, GD_MAX_COEFFICIENTS = 16 };

/* Elements from a round of an update to what it prefetches, by the CPU's habits: from memory, or from L2 only, where the CPU's own prefetching fills that. */
enum { GD_AHEAD_FAR = 2048, GD_AHEAD_NEAR = 48 };

/* A contiguous piece of one parameter with its gradient and states; the arrays do not overlap. */
typedef struct gd_span {
    float *weights;
    const float *gradients;
    float *states[GD_MAX_STATES];
    size_t count;
    float keep;                 /* multiplied into the weights first, always (x*1 is exact): decoupled weight decay */
    const float *coefficients;  /* what the algorithm's prepare made for this step */
    size_t far, ahead;          /* `far` first elements prefetch those `ahead` after them, which exist; 0: everything is near */
    const float *far_gradients; /* the gradients to prefetch: `gradients`, or what they are made of */
} gd_span;

/* A rule over a span. */
typedef void gd_step_function(const gd_span *span);

/* NAME_<isa>, where the instruction set is compiled. */
#define GD_PASTE(a, b) a##_##b
#define GD_PASTED(a, b) GD_PASTE(a, b)
#define GD_OF_ISA(name) GD_PASTED(name, GD_SIMD_NAME)

/* The stage between a gradient and the rule: out = g*scale, cut to -clip .. clip if clip > 0 (NaN stays), then fma(decay, w, .) if decay is not 0. out
 * does not overlap the others. */
typedef struct gd_gradient_stage {
    const float *gradients, *weights;
    float *out;
    size_t count;
    float scale, clip, decay;
} gd_gradient_stage;

/* Element-wise functions y[i] = f(x[i]); y may be x. The elementary ones are correctly rounded. */
#define GD_ELEMENTARY_MAP(XX) \
    XX(EXP, exp) \
    XX(LOG, log) \
    XX(TANH, tanh) \
    XX(SIGMOID, sigmoid) \
    XX(EXPM1, expm1) \
    XX(LOG1P, log1p) \
    XX(SOFTPLUS, softplus) \
    XX(ERF, erf) \
    XX(GELU, gelu) \
    XX(RSQRT, rsqrt) \
    XX(SILU, silu)
#define GD_UNARY_MAP(XX) GD_ELEMENTARY_MAP(XX) XX(RELU, relu) XX(LEAKY_RELU, leaky_relu) XX(ELU, elu) XX(SELU, selu)
/* THE list of element-wise activations with their derivatives d[i] = d[i] * f'(.), or a select where f' is 0 or 1: NAME, name, and 1 where the
 * derivative is computed from the activation's input, 0 where from its output. */
#define GD_DERIVATIVE_MAP(XX) \
    XX(TANH, tanh, 0) \
    XX(SIGMOID, sigmoid, 0) \
    XX(RELU, relu, 0) \
    XX(LEAKY_RELU, leaky_relu, 0) \
    XX(ELU, elu, 0) \
    XX(SELU, selu, 0) \
    XX(SOFTPLUS, softplus, 0) \
    XX(SILU, silu, 1) \
    XX(GELU, gelu, 1)

#define GD_ENUM(NAME, name) GD_UNARY_##NAME,
enum { GD_UNARY_MAP(GD_ENUM) GD_UNARY_COUNT };
#undef GD_ENUM
#define GD_ENUM(NAME, name, from_input) GD_DERIVATIVE_##NAME,
enum { GD_DERIVATIVE_MAP(GD_ENUM) GD_DERIVATIVE_COUNT };
#undef GD_ENUM

/* One block of a product, C [rows, columns]: P(i,j) = the fma chain over p = 0 .. k-1 from +0 of A(i,p) * B(p,j); then C = P, or C = C + P with
 * `add`. A(i,p) = a[i*a_row + (p/run)*a_run + (p%run)*a_k]: a matrix, its transpose, or panels of `run` columns; B(p,j) = b[p*b_k + j]; C(i,j) =
 * c[i*c_row + j]. Any rows, columns and k; C overlaps neither A nor B. */
typedef struct gd_tile {
    const float *a;
    ptrdiff_t a_row, a_k, a_run;
    size_t run; /* k where there is one run */
    const float *b;
    ptrdiff_t b_k;
    float *c;
    ptrdiff_t c_row;
    size_t rows, columns, k;
    int add;
    size_t far; /* runs that begin before it prefetch A's next run, which exists; 0: everything is near */
} gd_tile;

/* A piece of such a block where B lies across, C [rows, columns]: the fma chain over p = 0 .. k-1 of A(i,p) * B(j,p), from +0 or, with `onward`, from
 * what is in C. A(i,p) = a[i*a_row + p], B(j,p) = b[j*GD_ACROSS + p], C(i,j) = c[i*c_row + j]. Any rows and columns, k up to GD_ACROSS; B's rows can be
 * read to their ends. C overlaps neither A nor B. */
enum { GD_ACROSS = 32 };
typedef struct gd_across {
    const float *a;
    ptrdiff_t a_row;
    const float *b;
    const float *next; /* where B of the piece after this one begins, to be prefetched; NULL: it is near */
    float *c;
    ptrdiff_t c_row;
    size_t rows, columns, k;
    int onward;
} gd_across;

enum {
    GD_CPU_AVX2 = 1,         /* what a table needs: AVX2 with FMA; */
    GD_CPU_AVX512 = 2,       /* AVX-512 F, BW, DQ, VL besides */
    GD_CPU_PREFETCH_FAR = 4, /* a habit: updates from memory are faster with prefetching, GD_AHEAD_FAR (docs/adr/0012); */
    GD_CPU_PREFETCH_NEAR = 8 /* GD_AHEAD_NEAR */
};

typedef struct gd_kernels {
    const char *name;
    uint32_t needs;     /* GD_CPU_* */
    uint32_t width;     /* fp32 lanes of a vector */
    uint32_t tile_rows; /* the product's register tile: a multiple is fast, anything is right */
    uint32_t tile_columns;
    gd_step_function *const *step; /* [GD_RULE_COUNT] */
    void (*gradient_stage)(const gd_gradient_stage *stage);
    void (*unary[GD_UNARY_COUNT])(const float *x, float *y, size_t n);
    void (*derivative[GD_DERIVATIVE_COUNT])(const float *from, float *d, size_t n);
    void (*tile)(const gd_tile *tile);
    void (*across)(const gd_across *piece);
    /* y[i*y_row + j] = x[i*x_row + j], and y[j*y_row + i] = x[i*x_row + j], for i < rows, j < columns; y does not overlap x. copy writes row after
     * row: where y_row is less than columns, the end of each is written over. */
    void (*copy)(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns);
    void (*transpose)(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns);
    /* y = y + x. */
    void (*add)(float *y, const float *x, size_t n);
    /* The end of a product: t = alpha*r (as it is if alpha is 1); c = beta == 0 ? t : fma(beta, c, t). c is not read if beta is 0. */
    void (*finish)(float *c, const float *r, size_t n, float alpha, float beta);
    /* Softmax of one row (n > 0): m = its maximum by compare and select from x[0] up; e = exp(x - m); s = the row sum of e in 16 lanes; y = e/s. y
     * may be x. Returns m and s. */
    void (*softmax)(const float *x, float *y, size_t n, float *maximum, float *sum);
    /* The derivative of a row's softmax y (n > 0): s = the row sum of d*y in 16 lanes, in each fma(d, y, lane); d = y*(d - s). */
    void (*softmax_derivative)(const float *y, float *d, size_t n);
    /* out[j] = the chain acc = acc + x[i*stride + j] over i = 0 .. rows-1 from +0: one leaf of a bias gradient. out does not overlap x. */
    void (*column_sum)(const float *x, ptrdiff_t stride, size_t rows, size_t columns, float *out);
    /* One block (n <= GD_SUM_BLOCK) of a reduction: 64 lanes from +0, lane l taking x[l], x[l+64], ..., folded by halves. sum: lane + x; dot: fma(x,
     * y, lane). */
    float (*block_sum)(const float *x, size_t n);
    float (*block_dot)(const float *x, const float *y, size_t n);
} gd_kernels;

#endif
