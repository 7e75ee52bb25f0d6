/* What can be checked about the kernels: each function of the table (and the array sums made of them) with the way to draw a problem for it, to
 * call it, and to call the reference. checkkern compares the two; gradus-digest hashes what the kernel gives. */
#ifndef GD_CHECKKERN_CASES_H
#define GD_CHECKKERN_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "checkkern/values.h"
#include "kernels/kernels.h"

enum { GD_MAX_ARRAYS = 2 + GD_MAX_STATES };

typedef struct gd_case gd_case;

/* One call: the scalars, and the arrays' contents before it. */
typedef struct gd_problem {
    const gd_case *about;
    size_t n; /* the length asked for; what it means is the case's */
    gd_values values;
    int arrays;
    size_t count[GD_MAX_ARRAYS];
    float *data[GD_MAX_ARRAYS];
    int in_place;                               /* unary, softmax: y is x */
    float scale, alpha, beta;                   /* step, gradient_stage; finish */
    float clip, decay;                          /* step, gradient_stage; gradient_stage */
    int zero_gradients;                         /* step */
    size_t far;                                 /* step */
    double hyper[GRADUS_HYPER_PARAMETER_LIMIT]; /* step */
    uint64_t t;
    size_t rows, columns; /* column_sum, copy, transpose */
    ptrdiff_t stride, y_stride;
    gd_tile tile; /* without its pointers */
    gd_across across;
} gd_problem;

struct gd_case {
    const char *name; /* step/adam */
    int index;        /* in the table's array of such functions */
    int states;
    size_t least, greatest; /* n */
    void (*draw)(gd_problem *problem, gd_random *random);
    void (*kernel)(const gd_kernels *kernels, const gd_problem *problem, float *const *arrays);
    void (*reference)(const gd_problem *problem, float *const *arrays);
    /* Cuts a problem in two at a random place: `second` works on the arrays from `shift` on. NULL: cannot be cut. */
    void (*split)(const gd_problem *whole, gd_random *random, gd_problem *first, gd_problem *second, ptrdiff_t *shift);
    int elementwise; /* result i depends on elements i only */
};

/* The optimizers' cases (cases_step.c), and what drawing and cutting them shares with the others. */
extern const gd_case gd_step_cases[];
extern const size_t gd_step_case_count;
void gd_one_length(gd_problem *problem, int arrays); /* n elements in each array */
void gd_split_elements(const gd_problem *whole, gd_random *random, gd_problem *first, gd_problem *second, ptrdiff_t *shift);

/* The index-th case, NULL past the last. */
const gd_case *gd_case_at(size_t index);

/* Draws a problem of length n, the same for every instruction set. Free it. */
void gd_problem_make(gd_problem *problem, const gd_case *about, size_t n, gd_values values, uint64_t seed);
void gd_problem_free(gd_problem *problem);

#endif
