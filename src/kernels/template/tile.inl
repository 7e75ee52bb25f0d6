/* The product's micro-kernel. A register tile of TILE_ROWS x TILE_VECTORS vectors of C stays in accumulators while p runs over the block: per step
 * one load of each B vector and one broadcast a row. Vectors run over columns, never over p: an element's chain is the same whatever the tile. */

/* `rows` (1 .. TILE_ROWS) and `vectors` (1 .. TILE_VECTORS) are constants where this is inlined; the last vector has `part` columns. */
static inline __attribute__((always_inline)) void tile_block(const gd_tile *t, const float *a, const float *b, float *c, const int rows,
                                                             const int vectors, const size_t part) {
    vf acc[TILE_ROWS][TILE_VECTORS];
    const int last = vectors - 1;
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) acc[i][v] = vf_set(0.0f);
    const float *run = a;
    for (size_t p = 0; p < t->k; run += t->a_run) {
        const float *x = run;
        for (const size_t end = t->k - p < t->run ? t->k : p + t->run; p < end; p++, x += t->a_k, b += t->b_k) {
            vf y[TILE_VECTORS];
            for (int v = 0; v < last; v++) y[v] = vf_load(b + v * VF);
            y[last] = load_lanes(b + last * VF, part);
            for (int i = 0; i < rows; i++) {
                const vf x_i = vf_set(x[i * t->a_row]);
                for (int v = 0; v < vectors; v++) acc[i][v] = vf_fma(x_i, y[v], acc[i][v]);
            }
        }
    }
    for (int i = 0; i < rows; i++) {
        float *row = c + i * t->c_row;
        for (int v = 0; v < vectors; v++) {
            const size_t lanes = v == last ? part : VF;
            vf r = acc[i][v];
            if (t->add) r = vf_add(load_lanes(row + v * VF, lanes), r);
            store_lanes(row + v * VF, r, lanes);
        }
    }
}

/* All rows of C for one strip of columns. */
static inline __attribute__((always_inline)) void tile_strip(const gd_tile *t, size_t column, const int vectors, const size_t part) {
    const float *b = t->b + column;
    size_t i = 0;
    for (; i + TILE_ROWS <= t->rows; i += TILE_ROWS)
        tile_block(t, t->a + (ptrdiff_t)i * t->a_row, b, t->c + (ptrdiff_t)i * t->c_row + column, TILE_ROWS, vectors, part);
    for (; i + TILE_ROWS / 2 <= t->rows; i += TILE_ROWS / 2)
        tile_block(t, t->a + (ptrdiff_t)i * t->a_row, b, t->c + (ptrdiff_t)i * t->c_row + column, TILE_ROWS / 2, vectors, part);
    for (; i < t->rows; i++) tile_block(t, t->a + (ptrdiff_t)i * t->a_row, b, t->c + (ptrdiff_t)i * t->c_row + column, 1, vectors, part);
}

static void tile(const gd_tile *t) {
    enum { COLUMNS = TILE_VECTORS * VF };
    size_t j = 0;
    for (; j + COLUMNS <= t->columns; j += COLUMNS) tile_strip(t, j, TILE_VECTORS, VF);
    for (; j + VF <= t->columns; j += VF) tile_strip(t, j, 1, VF);
    if (j < t->columns) tile_strip(t, j, 1, t->columns - j);
}
