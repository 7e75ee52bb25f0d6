/* The reference's reductions (section 3), and softmax of a row with its derivative (section 7). */
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>

/* The contract's numbers, written out a second time. */
enum { SUM_BLOCK = 4096, SUM_LANES = 64, ROW_LANES = 16, LEAF = 64 };

/* node(0,j) = item j; node(k,j) = node(k-1,2j) + node(k-1,2j+1), or the left child alone where there is no right one. */
float gd_reference_tree(float *items, size_t n) {
    if (n == 0) return 0.0f;
    for (; n > 1; n = (n + 1) / 2)
        for (size_t j = 0; 2 * j < n; j++) items[j] = 2 * j + 1 < n ? items[2 * j] + items[2 * j + 1] : items[2 * j];
    return items[0];
}

static float fold(float *lanes, size_t count) {
    for (size_t half = count / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++) lanes[l] = lanes[l] + lanes[l + half];
    return lanes[0];
}

float gd_reference_block_sum(const float *x, size_t n) {
    float lanes[SUM_LANES] = {0};
    for (size_t i = 0; i < n; i++) lanes[i % SUM_LANES] = lanes[i % SUM_LANES] + x[i];
    return fold(lanes, SUM_LANES);
}

float gd_reference_block_dot(const float *x, const float *y, size_t n) {
    float lanes[SUM_LANES] = {0};
    for (size_t i = 0; i < n; i++) lanes[i % SUM_LANES] = fmaf(x[i], y[i], lanes[i % SUM_LANES]);
    return fold(lanes, SUM_LANES);
}

/* Blocks of 4096, joined by the tree; y NULL: the sum of x. */
static float blocks(const float *x, const float *y, size_t n) {
    const size_t count = (n + SUM_BLOCK - 1) / SUM_BLOCK;
    float *items = calloc(count + 1, sizeof *items);
    if (!items) abort();
    for (size_t i = 0; i < count; i++) {
        const size_t begin = i * SUM_BLOCK, length = n - begin < SUM_BLOCK ? n - begin : SUM_BLOCK;
        items[i] = y ? gd_reference_block_dot(x + begin, y + begin, length) : gd_reference_block_sum(x + begin, length);
    }
    const float sum = gd_reference_tree(items, count);
    free(items);
    return sum;
}

float gd_reference_sum(const float *x, size_t n) { return blocks(x, NULL, n); }
float gd_reference_dot(const float *x, const float *y, size_t n) { return blocks(x, y, n); }

/* A leaf: lane l += lane l+h where sample l+h exists, h = 32 .. 1. */
static double leaf_sum(const double *samples, size_t n) {
    double lanes[LEAF];
    for (size_t l = 0; l < n; l++) lanes[l] = samples[l];
    for (size_t h = LEAF / 2; h > 0; h /= 2)
        for (size_t l = 0; l < h && l + h < n; l++) lanes[l] = lanes[l] + lanes[l + h];
    return lanes[0];
}

double gd_reference_sample_sum(const double *samples, size_t n) {
    size_t count = (n + LEAF - 1) / LEAF;
    if (n == 0) return 0.0;
    double *nodes = malloc(count * sizeof *nodes);
    if (!nodes) abort();
    for (size_t i = 0; i < count; i++) nodes[i] = leaf_sum(samples + i * LEAF, n - i * LEAF < LEAF ? n - i * LEAF : LEAF);
    for (; count > 1; count = (count + 1) / 2)
        for (size_t j = 0; 2 * j < count; j++) nodes[j] = 2 * j + 1 < count ? nodes[2 * j] + nodes[2 * j + 1] : nodes[2 * j];
    const double sum = nodes[0];
    free(nodes);
    return sum;
}

void gd_reference_column_sum(const float *x, ptrdiff_t stride, size_t rows, size_t columns, float *out) {
    for (size_t j = 0; j < columns; j++) {
        float acc = 0.0f;
        for (size_t i = 0; i < rows; i++) acc = acc + x[(ptrdiff_t)i * stride + (ptrdiff_t)j];
        out[j] = acc;
    }
}

void gd_reference_softmax(const float *x, float *y, size_t n, float *maximum, float *sum) {
    float lanes[ROW_LANES] = {0};
    float m = x[0];
    for (size_t i = 1; i < n; i++) m = x[i] > m ? x[i] : m;
    for (size_t i = 0; i < n; i++) {
        y[i] = gd_reference_unary[GD_UNARY_EXP](x[i] - m);
        lanes[i % ROW_LANES] = lanes[i % ROW_LANES] + y[i];
    }
    const float s = fold(lanes, ROW_LANES);
    for (size_t i = 0; i < n; i++) y[i] = y[i] / s;
    *maximum = m;
    *sum = s;
}

void gd_reference_softmax_derivative(const float *y, float *d, size_t n) {
    float lanes[ROW_LANES] = {0};
    for (size_t i = 0; i < n; i++) lanes[i % ROW_LANES] = fmaf(d[i], y[i], lanes[i % ROW_LANES]);
    const float s = fold(lanes, ROW_LANES);
    for (size_t i = 0; i < n; i++) d[i] = y[i] * (d[i] - s);
}
