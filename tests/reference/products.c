/* The reference's products: the kernels' tile and moves, whole matrices (section 4), the dense layer forward and backward (sections 4 and 5). */
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>

/* The contract's numbers, written out a second time. */
enum { K_BLOCK = 256, LEAF = 64 };

void gd_reference_tile(const gd_tile *t) {
    for (size_t i = 0; i < t->rows; i++)
        for (size_t j = 0; j < t->columns; j++) {
            float acc = 0.0f;
            for (size_t p = 0; p < t->k; p++) {
                const float a = t->a[(ptrdiff_t)i * t->a_row + (ptrdiff_t)(p / t->run) * t->a_run + (ptrdiff_t)(p % t->run) * t->a_k];
                acc = fmaf(a, t->b[(ptrdiff_t)p * t->b_k + (ptrdiff_t)j], acc);
            }
            float *c = t->c + (ptrdiff_t)i * t->c_row + (ptrdiff_t)j;
            *c = t->add ? *c + acc : acc;
        }
}

void gd_reference_across(const gd_across *t) {
    for (size_t i = 0; i < t->rows; i++)
        for (size_t j = 0; j < t->columns; j++) {
            float *c = t->c + (ptrdiff_t)i * t->c_row + (ptrdiff_t)j, acc = t->onward ? *c : 0.0f;
            for (size_t p = 0; p < t->k; p++) acc = fmaf(t->a[(ptrdiff_t)i * t->a_row + (ptrdiff_t)p], t->b[j * GD_ACROSS + p], acc);
            *c = acc;
        }
}

void gd_reference_copy(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) y[(ptrdiff_t)i * y_row + (ptrdiff_t)j] = x[(ptrdiff_t)i * x_row + (ptrdiff_t)j];
}

void gd_reference_transpose(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) y[(ptrdiff_t)j * y_row + (ptrdiff_t)i] = x[(ptrdiff_t)i * x_row + (ptrdiff_t)j];
}

/* r = sum over p of a[p*a_step] * b[p*b_step]: chains of 256, added in order. */
static float chain(const float *a, size_t a_step, const float *b, size_t b_step, size_t k) {
    float r = 0.0f;
    for (size_t begin = 0; begin < k; begin += K_BLOCK) {
        const size_t end = k - begin < K_BLOCK ? k : begin + K_BLOCK;
        float acc = 0.0f;
        for (size_t p = begin; p < end; p++) acc = fmaf(a[p * a_step], b[p * b_step], acc);
        r = begin == 0 ? acc : r + acc;
    }
    return r;
}

void gd_reference_product(gradus_product product, size_t m, size_t n, size_t k, float alpha, const float *a, const float *b, float beta, float *c) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float r;
            if (product == GRADUS_PRODUCT_NN)
                r = chain(a + i * k, 1, b + j, n, k);
            else if (product == GRADUS_PRODUCT_NT)
                r = chain(a + i * k, 1, b + j * k, 1, k);
            else
                r = chain(a + i, m, b + j, n, k);
            gd_reference_finish(c + i * n + j, &r, 1, alpha, beta);
        }
}

/* Every activation but softmax, whose lines are below: what it is made of, and whether its derivative is by its input. */
#define UNARY(NAME, name, from_input) [GRADUS_ACTIVATION_##NAME] = GD_UNARY_##NAME + 1,
#define DERIVATIVE(NAME, name, from_input) [GRADUS_ACTIVATION_##NAME] = GD_DERIVATIVE_##NAME + 1,
#define FROM_INPUT(NAME, name, from_input) [GRADUS_ACTIVATION_##NAME] = from_input,
enum { ACTIVATIONS = 32 };
static const int unary_of[ACTIVATIONS] = {GD_DERIVATIVE_MAP(UNARY)}, derivative_of[ACTIVATIONS] = {GD_DERIVATIVE_MAP(DERIVATIVE)},
                 from_input[ACTIVATIONS] = {GD_DERIVATIVE_MAP(FROM_INPUT)};

void gd_reference_activate(gradus_activation activation, float *y, size_t samples, size_t outputs) {
    float maximum, sum;
    for (size_t i = 0; unary_of[activation] && i < samples * outputs; i++) y[i] = gd_reference_unary[unary_of[activation] - 1](y[i]);
    for (size_t i = 0; activation == GRADUS_ACTIVATION_SOFTMAX && i < samples; i++)
        gd_reference_softmax(y + i * outputs, y + i * outputs, outputs, &maximum, &sum);
}

void gd_reference_forward(const float *x, const float *w, const float *bias, size_t samples, size_t inputs, size_t outputs,
                          gradus_activation activation, float *z, float *y) {
    for (size_t i = 0; i < samples; i++)
        for (size_t j = 0; j < outputs; j++) y[i * outputs + j] = z[i * outputs + j] = chain(x + i * inputs, 1, w + j, outputs, inputs) + bias[j];
    gd_reference_activate(activation, y, samples, outputs);
}

void gd_reference_backward_inputs(const float *d, const float *w, size_t samples, size_t inputs, size_t outputs, float *dx) {
    for (size_t i = 0; i < samples; i++)
        for (size_t j = 0; j < inputs; j++) dx[i * inputs + j] = chain(d + i * outputs, 1, w + j * outputs, 1, outputs);
}

void gd_reference_backward_weights(const float *x, const float *d, size_t samples, size_t inputs, size_t outputs, float *dw, float *db) {
    const size_t leaves = (samples + LEAF - 1) / LEAF;
    float *items = malloc((leaves + 1) * sizeof *items);
    if (!items) abort();
    for (size_t j = 0; j < outputs; j++) {
        for (size_t k = 0; k < inputs; k++) {
            for (size_t leaf = 0; leaf < leaves; leaf++) {
                float acc = 0.0f;
                for (size_t i = leaf * LEAF; i < samples && i < (leaf + 1) * LEAF; i++) acc = fmaf(x[i * inputs + k], d[i * outputs + j], acc);
                items[leaf] = acc;
            }
            dw[k * outputs + j] = gd_reference_tree(items, leaves);
        }
        for (size_t leaf = 0; leaf < leaves; leaf++) {
            float acc = 0.0f;
            for (size_t i = leaf * LEAF; i < samples && i < (leaf + 1) * LEAF; i++) acc = acc + d[i * outputs + j];
            items[leaf] = acc;
        }
        db[j] = gd_reference_tree(items, leaves);
    }
    free(items);
}

void gd_reference_layer_derivative(const float *z, const float *y, size_t samples, size_t outputs, gradus_activation activation, float *d) {
    const float *from = from_input[activation] ? z : y;
    for (size_t i = 0; derivative_of[activation] && i < samples * outputs; i++)
        d[i] = gd_reference_derivative[derivative_of[activation] - 1](from[i], d[i]);
    for (size_t i = 0; activation == GRADUS_ACTIVATION_SOFTMAX && i < samples; i++)
        gd_reference_softmax_derivative(y + i * outputs, d + i * outputs, outputs);
}
