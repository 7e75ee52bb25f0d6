/* Scales of inputs against the contract's tree written out, and in the cases that have no scale. */
#include <math.h>

#include "random.h"
#include "tables.h"

/* node(k, j) of the contract (docs/numerics.md, section 3) over leaves of 64. */
static double node(const double *leaves, size_t count, unsigned k, size_t j) {
    if (k == 0) return leaves[j];
    const double left = node(leaves, count, k - 1, 2 * j);
    return ((2 * j + 1) << (k - 1)) < count ? left + node(leaves, count, k - 1, 2 * j + 1) : left;
}

static double tree_sum(const double *values, size_t n) {
    double leaves[64] = {0};
    const size_t count = (n + 63) / 64;
    unsigned height = 0;
    for (size_t i = 0; i < n; i++) leaves[i / 64] += values[i];
    while (((size_t)1 << height) < count) height++;
    return node(leaves, count, height, 0);
}

static void open_random(place *p, size_t rows, double *columns) {
    static char text[1 << 18];
    size_t at = 0;
    uint64_t state = rows;
    for (size_t i = 0; i < rows; i++) {
        const float a = (float)(test_uniform(&state) * 1000.0 - 10.0), b = (float)(test_uniform(&state) * 1e-3 + 5.0);
        columns[i] = (double)a;
        columns[rows + i] = (double)b;
        at += (size_t)sprintf(text + at, "%.9g,%.9g,%zu\n", (double)a, (double)b, i);
    }
    opens(p, text);
}

Test(scaling, standard_is_the_trees_mean_and_deviation) {
    static const size_t sizes[] = {2, 63, 64, 65, 7 * 64, 11 * 64 + 5, 13 * 64, 1000};
    static double columns[2000], squares[1000];
    place p;
    arrive(&p);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        double shift[2], factor[2];
        open_random(&p, n, columns);
        cr_assert_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_STANDARD, shift, factor), GRADUS_OK);
        for (int c = 0; c < 2; c++) {
            const double *x = columns + (size_t)c * n, mean = tree_sum(x, n) / (double)n;
            for (size_t i = 0; i < n; i++) squares[i] = (x[i] - mean) * (x[i] - mean);
            cr_expect_eq(test_double_bits(shift[c]), test_double_bits(mean), "%zu rows", n);
            cr_expect_eq(test_double_bits(factor[c]), test_double_bits(1.0 / sqrt(tree_sum(squares, n) / (double)n)), "%zu rows", n);
        }
    }
    leave(&p);
}

Test(scaling, minmax_is_the_range) {
    place p;
    double shift[3], factor[3];
    arrive(&p);
    opens(&p, "5,-1,7,0\n3,-2,7,0\n4,6,7,1\n");
    cr_assert_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_MINMAX, shift, factor), GRADUS_OK);
    cr_expect(shift[0] == 3.0 && factor[0] == 0.5 && shift[1] == -2.0 && factor[1] == 0.125);
    cr_expect(shift[2] == 7.0 && factor[2] == 1.0);
    cr_assert_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_STANDARD, shift, factor), GRADUS_OK);
    cr_expect(shift[0] == 4.0 && shift[2] == 7.0 && factor[2] == 1.0);
    cr_assert_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_NONE, shift, factor), GRADUS_OK);
    cr_expect(shift[0] == 0.0 && factor[0] == 1.0);
    leave(&p);
}

/* 0.1 a hundred times: the sum is not 100 * 0.1, but the column is constant all the same. */
Test(scaling, constant_columns_and_categories_keep_their_size) {
    place p;
    char text[2048] = "";
    double shift[4], factor[4];
    arrive(&p);
    for (int i = 0; i < 100; i++) sprintf(text + strlen(text), "0.1,%s,%d,%d\n", i % 3 ? "a" : "b", i, i);
    opens(&p, text);
    cr_assert_eq(gradus_dataset_inputs(p.train).columns, 4);
    cr_assert_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_STANDARD, shift, factor), GRADUS_OK);
    cr_expect(shift[0] == (double)0.1f && factor[0] == 1.0);
    cr_expect(shift[1] == 0.0 && factor[1] == 1.0 && shift[2] == 0.0 && factor[2] == 1.0);
    cr_expect(shift[3] == 49.5 && fabs(factor[3] - 1.0 / 28.86607) < 1e-7);
    leave(&p);
}

Test(scaling, bytes_count_from_0_to_1) {
    place p;
    static double shift[784], factor[784];
    arrive(&p);
    cr_assert_eq(gradus_dataset_open(p.context, "digits", NULL, &p.train, &p.test), GRADUS_OK);
    cr_assert_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_MINMAX, shift, factor), GRADUS_OK);
    for (int i = 0; i < 784; i++) cr_assert(shift[i] >= 0.0 && shift[i] < 1.0 && factor[i] >= 0.99, "%d: %g %g", i, shift[i], factor[i]);
    leave(&p);
}

Test(scaling, bad_calls_are_refused) {
    place p;
    double shift[1], factor[1];
    arrive(&p);
    opens(&p, "1,2\n3,4\n");
    cr_expect_eq(gradus_dataset_scaling(p.context, p.train, 9, shift, factor), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_MINMAX, NULL, factor), GRADUS_INVALID_ARGUMENT);
    p.counter.refuse_at = p.counter.asked + 1;
    cr_expect_eq(gradus_dataset_scaling(p.context, p.train, GRADUS_SCALING_MINMAX, shift, factor), GRADUS_OUT_OF_MEMORY);
    cr_expect(gradus_scaling_from_name("minmax") == GRADUS_SCALING_MINMAX && !gradus_scaling_name(0));
    leave(&p);
}
