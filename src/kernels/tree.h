/* The summation tree of the contract (docs/numerics.md, section 3) as a carry merge: a stack of open nodes, the largest at the bottom. */
#ifndef GD_KERNELS_TREE_H
#define GD_KERNELS_TREE_H

#include <stddef.h>
#include <stdint.h>

/* How many joins (top two open nodes: lower = lower + upper) follow the pushing of item number `item` (from 0): equal heights join. After the last
 * item all that is still open joins from the top. */
static inline unsigned gd_tree_joins(uint64_t item) {
    unsigned joins = 0;
    for (; item & 1; item >>= 1) joins++;
    return joins;
}

/* How many nodes are open before item number `item` is pushed. */
static inline size_t gd_tree_open(uint64_t item) {
    size_t open = 0;
    for (; item > 0; item &= item - 1) open++;
    return open;
}

/* The most nodes that are open at once while `items` items are pushed. */
static inline size_t gd_tree_depth(uint64_t items) {
    size_t depth = 1;
    for (; items > 1; items >>= 1) depth++;
    return depth;
}

/* A tree over fp64 numbers: per-leaf sums of losses and metrics. Zero it to begin. */
typedef struct gd_tree {
    double open[65];
    size_t top;
    uint64_t items;
} gd_tree;

static inline void gd_tree_add(gd_tree *tree, double item) {
    tree->open[tree->top++] = item;
    for (unsigned joins = gd_tree_joins(tree->items++); joins > 0; joins--) {
        tree->top--;
        tree->open[tree->top - 1] += tree->open[tree->top];
    }
}

static inline double gd_tree_total(const gd_tree *tree) {
    if (tree->top == 0) return 0.0;
    double total = tree->open[tree->top - 1];
    for (size_t i = tree->top - 1; i-- > 0;) total = tree->open[i] + total;
    return total;
}

#endif
