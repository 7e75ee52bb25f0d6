/* Activations by number: their kernels, and what their derivatives are computed from. */
#include "kernels/kernels.h"
#include "kernels/step.h"

/* The element-wise ones, from GD_DERIVATIVE_MAP. identity and softmax have no line. */
typedef struct element_wise {
    bool there, from_input;
    int unary, derivative;
} element_wise;

#define ELEMENT_WISE(NAME, name, from_input) [GRADUS_ACTIVATION_##NAME] = {true, from_input, GD_UNARY_##NAME, GD_DERIVATIVE_##NAME},
#define COUNT(number, NAME, name) +1
static const element_wise table[1 + GRADUS_ACTIVATION_MAP(COUNT)] = {GD_DERIVATIVE_MAP(ELEMENT_WISE)};

void gd_activate(const gradus_context *context, gradus_activation activation, float *y, size_t n) {
    const element_wise *a = &table[activation];
    if (a->there) context->kernels->unary[a->unary](y, y, n);
}

bool gd_activation_from_input(gradus_activation activation) { return table[activation].from_input; }

void gd_activation_derivative(const gradus_context *context, gradus_activation activation, const float *from, float *d, size_t n) {
    const element_wise *a = &table[activation];
    if (a->there) context->kernels->derivative[a->derivative](from, d, n);
    if (activation == GRADUS_ACTIVATION_SOFTMAX) context->kernels->softmax_derivative(from, d, n);
}

void gd_softmax(const gradus_context *context, float *row, size_t n, float *maximum, float *sum) {
    context->kernels->softmax(row, row, n, maximum, sum);
}

void gd_logarithms(const gradus_context *context, float *x, size_t n) { context->kernels->unary[GD_UNARY_LOG](x, x, n); }
