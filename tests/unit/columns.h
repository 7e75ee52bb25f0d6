/* Sums over a weight matrix as the contract has them, in plain C. Include it from a suite that says links: oracle. */
#ifndef TESTS_COLUMNS_H
#define TESTS_COLUMNS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "reference/reference.h"

/* By docs/numerics.md, section 3: chains down the columns in blocks of 256, the tree, `sum` over the columns. */
static inline float by_columns(const float *w, size_t rows, size_t columns, bool squares) {
    float sums[4096];
    for (size_t j = 0; j < columns; j++) {
        float open[64] = {0};
        size_t top = 0, item = 0;
        for (size_t row = 0; row < rows; row += 256) {
            float acc = 0.0f;
            for (size_t i = row; i < rows && i < row + 256; i++)
                acc = squares ? fmaf(w[i * columns + j], w[i * columns + j], acc) : acc + fabsf(w[i * columns + j]);
            open[top++] = acc;
            for (size_t k = item++; k & 1; k >>= 1, top--) open[top - 2] = open[top - 2] + open[top - 1];
        }
        for (; top > 1; top--) open[top - 2] = open[top - 2] + open[top - 1];
        sums[j] = open[0];
    }
    return gd_reference_sum(sums, columns);
}

#endif
