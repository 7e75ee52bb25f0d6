/* Sums over samples by leaves and the tree. */
#include "data/column_sums.h"

#include "base/memory.h"
#include "kernels/tree.h"

double gd_sum_floats(const float *values, size_t n) {
    gd_tree tree = {.top = 0};
    for (size_t first = 0; first < n; first += GD_LEAF) {
        double leaf = 0.0;
        for (size_t i = first; i < gd_least(n, first + GD_LEAF); i++) leaf += (double)values[i];
        gd_tree_add(&tree, leaf);
    }
    return gd_tree_total(&tree);
}
