/* Reductions over arrays: the blocks are the kernels', the tree is here. */
#include "kernels/ops.h"

#include "base/memory.h"
#include "kernels/contract.h"
#include "kernels/tree.h"

/* y NULL: the sum of x, else the dot product. */
static float reduce(const gd_kernels *kernels, const float *x, const float *y, size_t n) {
    float open[65];
    size_t top = 0, item = 0;
    for (size_t i = 0; i < n; i += GD_SUM_BLOCK) {
        const size_t part = n - i < GD_SUM_BLOCK ? n - i : GD_SUM_BLOCK;
        open[top++] = y ? kernels->block_dot(x + i, y + i, part) : kernels->block_sum(x + i, part);
        for (unsigned joins = gd_tree_joins(item++); joins > 0; joins--) {
            top--;
            open[top - 1] += open[top];
        }
    }
    for (; top > 1; top--) open[top - 2] += open[top - 1];
    return top ? open[0] : 0.0f;
}

float gd_sum(const gd_kernels *kernels, const float *x, size_t n) { return reduce(kernels, x, NULL, n); }

float gd_dot(const gd_kernels *kernels, const float *x, const float *y, size_t n) { return reduce(kernels, x, y, n); }

double gd_leaf_sum(double *values, size_t n) {
    for (size_t half = GD_LEAF / 2; half > 0; half /= 2) {
        const double *restrict upper = values + half;
        const size_t pairs = n > half ? gd_least(n - half, half) : 0;
        for (size_t l = 0; l < pairs; l++) values[l] += upper[l];
    }
    return values[0];
}
