/* The moving kernels where checkkern does not look: rows that overlap. */
#include <criterion/criterion.h>

#include <string.h>

#include "kernels/dispatch.h"
#include "kernels/kernels.h"

enum { ROWS = 7, MOST = 37 };

/* Packing writes whole vectors, and the next row over what is too much of the last. */
Test(move, a_copy_whose_rows_overlap_keeps_the_later_ones) {
    float x[ROWS * MOST], expected[ROWS * MOST], y[ROWS * MOST];
    for (size_t i = 0; i < ROWS * MOST; i++) x[i] = (float)i + 0.5f;
    for (size_t k = 0; gd_kernels_at(k) != NULL; k++) {
        const gd_kernels *table = gd_kernels_at(k);
        if (!gd_kernels_runnable(table)) continue;
        for (size_t columns = 1; columns <= MOST; columns++)
            for (size_t y_row = 1; y_row <= columns; y_row++) {
                memset(y, 0xff, sizeof y);
                memset(expected, 0xff, sizeof expected);
                for (size_t i = 0; i < ROWS; i++) memcpy(expected + i * y_row, x + i * MOST, columns * sizeof *x);
                table->copy(x, MOST, y, (ptrdiff_t)y_row, ROWS, columns);
                cr_assert_eq(memcmp(y, expected, sizeof y), 0, "%s: %zu columns to rows of %zu", table->name, columns, y_row);
            }
    }
}
