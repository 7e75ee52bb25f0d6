/* The product's micro-kernel for few rows of A where B lies across, as a layer's W does in the product to its input: rows of B are turned in registers on
 * their way to the multiply-adds, so that an element of B goes through the first-level cache once. Vectors run over columns, never over p. */

enum {
    ACROSS_ROWS = VF < 8 ? VF : 8,                   /* the most of a register tile */
    ACROSS_VECTORS = 2,                              /* of a register tile with so few rows that a multiply-add would wait for the one before: */
    ACROSS_WIDE_ROWS = TURNED > 8 ? 1 : 4,           /* as many; with more the registers would not do */
    ACROSS_SHARING = TURNED > 8 ? 1 : ACROSS_VECTORS /* vectors that are turned at a time, and share a broadcast */
};

/* `rows` and `vectors` are constants where this is inlined. C has `columns` columns here, b has as many rows as the vectors have lanes. As many lines from
 * `next` on are prefetched, one after the other, as a CPU's own prefetching likes them: B is read across them. */
static inline __attribute__((always_inline)) void across_block(const gd_across *t, const float *a, const float *b, const float *next, float *c,
                                                               const int rows, const int vectors, const size_t columns) {
    enum { CACHE_LINE = 16 };
    const int sharing = vectors < ACROSS_SHARING ? vectors : ACROSS_SHARING;
    const size_t lanes = (size_t)(vectors * VF);
    vf acc[ACROSS_ROWS * ACROSS_VECTORS];
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) {
            const size_t before = (size_t)v * VF, part = columns > before ? columns - before : 0;
            acc[i * vectors + v] = t->onward ? load_lanes(c + i * t->c_row + before, part) : vf_set(0.0f);
        }
    for (size_t p = 0; p < t->k; p += TURNED) {
        const size_t left = t->k - p;
        for (size_t i = 0; next && i < lanes * TURNED; i += CACHE_LINE) __builtin_prefetch(next + p * lanes + i, 0, 3);
        for (int u = 0; u < vectors; u += sharing) {
            vf y[ACROSS_SHARING * TURNED];
            for (int v = 0; v < sharing; v++) vf_load_turned(b + (u + v) * VF * GD_ACROSS + p, GD_ACROSS, y + v * TURNED);
#pragma GCC unroll 16 /* or what has been turned would lie in memory, for the loop's index to find it */
            for (size_t q = 0; q < TURNED; q++) {
                if (q >= left) break;
                for (int i = 0; i < rows; i++) {
                    const vf x = vf_set(a[i * t->a_row + (ptrdiff_t)(p + q)]);
                    for (int v = 0; v < sharing; v++) acc[i * vectors + u + v] = vf_fma(x, y[v * TURNED + (int)q], acc[i * vectors + u + v]);
                }
            }
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) {
            const size_t before = (size_t)v * VF, part = columns > before ? columns - before : 0;
            store_lanes(c + i * t->c_row + before, acc[i * vectors + v], part);
        }
}

static inline __attribute__((always_inline)) void across_rows(const gd_across *t, const float *a, float *c, const int rows) {
    const int vectors = rows <= ACROSS_WIDE_ROWS ? ACROSS_VECTORS : 1;
    enum { AHEAD = 2 };
    const size_t step = (size_t)(vectors * VF);
    float padded[ACROSS_VECTORS * VF * GD_ACROSS];
    for (size_t j = 0; j < t->columns; j += step) {
        const float *b = t->b + j * GD_ACROSS;
        const size_t far = j + AHEAD * step; /* of this piece's rows, then of the next one's */
        const float *next = far < t->columns ? t->b + far * GD_ACROSS : t->next ? t->next + (far - t->columns) * GD_ACROSS : NULL;
        const size_t columns = t->columns - j < step ? t->columns - j : step;
        if (columns < step) { /* missing rows of B: any, nothing of them is stored */
            copy(b, GD_ACROSS, padded, GD_ACROSS, columns, GD_ACROSS);
            copy(b, 0, padded + columns * GD_ACROSS, GD_ACROSS, step - columns, GD_ACROSS);
            b = padded;
        }
        across_block(t, a, b, next, c + j, rows, vectors, columns);
    }
}

/* All columns for a group of rows, groups as equal as can be. */
static void across(const gd_across *t) {
    const float *a = t->a;
    float *c = t->c;
    size_t left = t->rows;
    for (size_t groups = (left + ACROSS_ROWS - 1) / ACROSS_ROWS; groups > 0; groups--) {
        const size_t rows = (left + groups - 1) / groups;
#define GD_ROWS(n) \
    case n: \
        if (n <= ACROSS_ROWS) across_rows(t, a, c, n); \
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
        }
#undef GD_ROWS
        a += (ptrdiff_t)rows * t->a_row;
        c += (ptrdiff_t)rows * t->c_row;
        left -= rows;
    }
}
