/* Moving matrices: copies and transposes between row strides, for packing. Nothing is computed. */

static void copy(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++, x += x_row, y += y_row)
        for (size_t j = 0; j < columns; j += VF) store_lanes(y + j, load_lanes(x + j, columns - j), columns - j);
}

/* VF x VF elements in registers; at an edge fewer, `rows` x `columns` of x. */
static inline __attribute__((always_inline)) void transpose_block(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, const size_t rows,
                                                                  const size_t columns) {
    vf a[VF];
    for (size_t i = 0; i < VF; i++) a[i] = i < rows ? load_lanes(x + (ptrdiff_t)i * x_row, columns) : vf_set(0.0f);
    vf_transpose(a);
    for (size_t j = 0; j < VF && j < columns; j++) store_lanes(y + (ptrdiff_t)j * y_row, a[j], rows);
}

/* By strips of rows, so that a strip's lines, of x and of y, are in the first-level cache as long as they are needed. */
static void transpose(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns) {
    enum { STRIP = 32 };
    for (size_t first = 0; first < rows; first += STRIP)
        for (size_t j = 0; j < columns; j += VF)
            for (size_t i = first; i < rows && i < first + STRIP; i += VF) {
                const float *from = x + (ptrdiff_t)i * x_row + (ptrdiff_t)j;
                float *to = y + (ptrdiff_t)j * y_row + (ptrdiff_t)i;
                if (rows - i >= VF && columns - j >= VF) {
                    transpose_block(from, x_row, to, y_row, VF, VF);
                } else {
                    transpose_block(from, x_row, to, y_row, rows - i, columns - j);
                }
            }
}
