/* The product's micro-kernel. A register tile of TILE_ROWS x TILE_VECTORS vectors of C stays in accumulators while p runs over the block: per step
 * one load of each B vector and one broadcast a row. Where C is one vector wide the tile is taller, where it is few rows high, wider: with fewer
 * accumulators a multiply-add would wait for the one before. Vectors run over columns, never over p: an element's chain is the same whatever the
 * tile. */

enum {
    TALL_ROWS = TILE_ROWS * TILE_VECTORS, /* of a tile one vector wide */
    WIDE_ROWS = TILE_ROWS / 3,            /* the most rows of a tile twice as wide as usual */
    COLUMN_LEAST = 8,                     /* rows and k from which a single column is better computed by vectors of rows ... */
    COLUMN_ROWS = 16                      /* ... and so many of them at a time, which a narrow layer has at most */
};

/* `rows` and `vectors` are constants where this is inlined, so many that the accumulators fit the registers; the last vector has `part` columns. */
static inline __attribute__((always_inline)) void tile_block(const gd_tile *t, const float *a, const float *b, float *c, const int rows,
                                                             const int vectors, const size_t part) {
    enum { CACHE_LINE = 16, MOST_NEAR = 16 /* rows whose next lines the first-level cache can await at a time */ };
    vf acc[TALL_ROWS]; /* rows * vectors of them */
    const int last = vectors - 1, add = t->add;
    const ptrdiff_t c_row = t->c_row; /* read once: for all the compiler knows, a store may change the tile */
#pragma GCC unroll 32 /* more rows than gcc unrolls by itself: the accumulators would lie in memory, for the loop's index to find them */
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) acc[i * vectors + v] = vf_set(0.0f);
    /* A's rows by threes: an address each would not fit the registers. */
    const ptrdiff_t one = t->a_row, two = 2 * one, between = t->a_run - (ptrdiff_t)t->run * t->a_k;
    const float *x[(TALL_ROWS + 2) / 3];
    for (int i = 0; i < rows; i += 3) x[i / 3] = a + i * one;
    for (size_t p = 0; p < t->k;) {
        if (p < t->far)
            for (int i = 0; i < rows; i++)
                for (size_t j = 0; j < t->run; j += CACHE_LINE) {
                    const float *next = x[0] + i * one + t->a_run + (ptrdiff_t)j * t->a_k;
                    if (rows <= MOST_NEAR) {
                        __builtin_prefetch(next, 0, 3);
                    } else {
                        __builtin_prefetch(next, 0, 2);
                    }
                }
#pragma GCC unroll 4 /* fewer instructions a multiply-add, where the core's other thread leaves few */
        for (const size_t end = t->k - p < t->run ? t->k : p + t->run; p < end; p++, b += t->b_k) {
            vf y[2 * TILE_VECTORS];
            for (int v = 0; v < last; v++) y[v] = vf_load(b + v * VF);
            y[last] = load_lanes(b + last * VF, part);
#pragma GCC unroll 32
            for (int i = 0; i < rows; i++) {
                const vf x_i = vf_set(x[i / 3][i % 3 == 0 ? 0 : i % 3 == 1 ? one : two]);
                for (int v = 0; v < vectors; v++) acc[i * vectors + v] = vf_fma(x_i, y[v], acc[i * vectors + v]);
            }
            for (int i = 0; i < rows; i += 3) x[i / 3] += t->a_k;
        }
        for (int i = 0; i < rows; i += 3) x[i / 3] += between;
    }
#pragma GCC unroll 32
    for (int i = 0; i < rows; i++) {
        float *row = c + i * c_row;
        for (int v = 0; v < vectors; v++) {
            const size_t lanes = v == last ? part : VF;
            vf r = acc[i * vectors + v];
            if (add) r = vf_add(load_lanes(row + v * VF, lanes), r);
            store_lanes(row + v * VF, r, lanes);
        }
    }
}

/* `rows` rows, 1 to TILE_ROWS. */
static inline __attribute__((always_inline)) void tile_group(const gd_tile *t, const float *a, const float *b, float *c, size_t rows,
                                                             const int vectors, const size_t part) {
    const size_t most = vectors > TILE_VECTORS ? WIDE_ROWS : TILE_ROWS;
    _Static_assert(TILE_ROWS <= 14 && 32 % (TILE_VECTORS * VF) == 0, "every number of rows has its case; tiles divide panels");
#define GD_ROWS(n) \
    case n: \
        if (n <= most) tile_block(t, a, b, c, n, vectors, part); \
        break;
    switch (rows) {
        GD_ROWS(1)
        GD_ROWS(2)
        GD_ROWS(3)
        GD_ROWS(4)
        GD_ROWS(5)
        GD_ROWS(6)
        GD_ROWS(7)
        GD_ROWS(8)
        GD_ROWS(9)
        GD_ROWS(10)
        GD_ROWS(11)
        GD_ROWS(12)
        GD_ROWS(13)
        GD_ROWS(14)
    }
#undef GD_ROWS
}

/* All rows of C for one strip of columns, in groups as equal as can be: few rows alone would wait for their own sums. */
static inline __attribute__((always_inline)) void tile_strip(const gd_tile *t, size_t column, const int vectors, const size_t part) {
    const float *a = t->a, *b = t->b + column;
    float *c = t->c + column;
    size_t left = t->rows;
    for (; vectors == 1 && left >= TALL_ROWS; left -= TALL_ROWS, a += TALL_ROWS * t->a_row, c += TALL_ROWS * t->c_row)
        tile_block(t, a, b, c, TALL_ROWS, 1, part);
    for (size_t groups = (left + TILE_ROWS - 1) / TILE_ROWS; groups > 0; groups--) {
        const size_t rows = (left + groups - 1) / groups;
        tile_group(t, a, b, c, rows, vectors, part);
        a += (ptrdiff_t)rows * t->a_row;
        c += (ptrdiff_t)rows * t->c_row;
        left -= rows;
    }
}

/* VF rows of A, of which the last is repeated where there are fewer, by k columns: turned in registers. */
static inline __attribute__((always_inline)) vf column_block(const gd_tile *t, const float *a, const float *b, size_t rows, const size_t k, vf acc) {
    vf x[VF];
    for (size_t i = 0; i < VF; i++) x[i] = load_lanes(a + (ptrdiff_t)(i < rows ? i : rows - 1) * t->a_row, k);
    vf_transpose(x);
    for (size_t p = 0; p < VF && p < k; p++) acc = vf_fma(x[p], vf_set(b[(ptrdiff_t)p * t->b_k]), acc);
    return acc;
}

/* C is a single column and A's rows are contiguous: in columns of one lane a multiply-add would do one element, and as many as there are rows. Vectors
 * run over the rows; chains of several overlap. */
static void tile_column(const gd_tile *t) {
    float column[COLUMN_ROWS];
    for (size_t first = 0; first < t->rows; first += COLUMN_ROWS) {
        const size_t rows = t->rows - first < COLUMN_ROWS ? t->rows - first : COLUMN_ROWS;
        const float *a = t->a + (ptrdiff_t)first * t->a_row, *b = t->b;
        vf acc[COLUMN_ROWS / VF];
        for (size_t i = 0; i < rows; i += VF) acc[i / VF] = vf_set(0.0f);
        for (size_t p = 0; p < t->k; p += VF, b += VF * t->b_k)
            for (size_t i = 0; i < rows; i += VF) {
                const float *block = a + (ptrdiff_t)i * t->a_row + p;
                if (t->k - p >= VF) {
                    acc[i / VF] = column_block(t, block, b, rows - i, VF, acc[i / VF]);
                } else {
                    acc[i / VF] = column_block(t, block, b, rows - i, t->k - p, acc[i / VF]);
                }
            }
        for (size_t i = 0; i < rows; i += VF) vf_store(column + i, acc[i / VF]);
        float *c = t->c + (ptrdiff_t)first * t->c_row;
        for (size_t i = 0; i < rows; i++, c += t->c_row) *c = t->add ? *c + column[i] : column[i];
    }
}

static void tile(const gd_tile *t) {
    enum { COLUMNS = TILE_VECTORS * VF };
    size_t j = 0;
    if (VF > 1 && t->columns == 1 && t->rows >= COLUMN_LEAST && t->k >= COLUMN_LEAST && t->a_k == 1 && t->run >= t->k) {
        tile_column(t);
        return;
    }
    if (t->rows <= WIDE_ROWS)
        for (; j + 2 * COLUMNS <= t->columns; j += 2 * COLUMNS) tile_strip(t, j, 2 * TILE_VECTORS, VF);
    for (; j + COLUMNS <= t->columns; j += COLUMNS) tile_strip(t, j, TILE_VECTORS, VF);
    for (; j < t->columns; j += VF) tile_strip(t, j, 1, t->columns - j < VF ? t->columns - j : VF);
}
