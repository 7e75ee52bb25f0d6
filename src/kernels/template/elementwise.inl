/* Element-wise kernels, row softmax and reductions over the vector vocabulary. */

/* d[i] = f(x[i], d[i]). */
typedef vf vf_function2(vf x, vf d);

static inline __attribute__((always_inline)) void map2(vf_function2 *function, const float *x, float *d, size_t n) {
    size_t i = 0;
    for (; i + VF <= n; i += VF) vf_store(d + i, function(vf_load(x + i), vf_load(d + i)));
    if (i < n) vf_store_part(d + i, function(vf_load_part(x + i, n - i), vf_load_part(d + i, n - i)), n - i);
}

static inline vf add_to(vf x, vf y) { return vf_add(y, x); }
static void add(float *y, const float *x, size_t n) { map2(add_to, x, y, n); }

static void finish(float *c, const float *r, size_t n, float alpha, float beta) {
    const vf a = vf_set(alpha), b = vf_set(beta);
    for (size_t i = 0; i < n; i += VF) {
        vf t = load_lanes(r + i, n - i);
        if (alpha != 1.0f) t = vf_mul(a, t);
        if (beta != 0.0f) t = vf_fma(b, load_lanes(c + i, n - i), t);
        store_lanes(c + i, t, n - i);
    }
}

static void column_sum(const float *x, ptrdiff_t stride, size_t rows, size_t columns, float *out) {
    for (size_t j = 0; j < columns; j += VF) {
        vf acc = vf_set(0.0f);
        for (size_t i = 0; i < rows; i++) acc = vf_add(acc, load_lanes(x + (ptrdiff_t)i * stride + j, columns - j));
        store_lanes(out + j, acc, columns - j);
    }
}

/* Lanes fold by halves: lane l += lane l + half. */
static inline float fold(float *lanes, int count) {
    for (int half = count / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lanes[l] = lanes[l] + lanes[l + half];
    return lanes[0];
}

static void softmax(const float *x, float *y, size_t n, float *maximum, float *sum) {
    float lanes[GD_ROW_LANES] = {0};
    float m = x[0];
    for (size_t i = 1; i < n; i++) m = x[i] > m ? x[i] : m;
    const vf minus = vf_set(m);
    for (size_t i = 0; i < n; i += VF) store_lanes(y + i, vf_sub(load_lanes(x + i, n - i), minus), n - i);
    unary_exp(y, y, n);
    for (size_t i = 0; i < n; i += VF) { /* VF divides GD_ROW_LANES: element i belongs to lane i mod 16 */
        float *lane = lanes + i % GD_ROW_LANES;
        store_lanes(lane, vf_add(load_lanes(lane, n - i), load_lanes(y + i, n - i)), n - i);
    }
    const float s = fold(lanes, GD_ROW_LANES);
    const vf total = vf_set(s);
    for (size_t i = 0; i < n; i += VF) store_lanes(y + i, vf_div(load_lanes(y + i, n - i), total), n - i);
    *maximum = m;
    *sum = s;
}

static void softmax_derivative(const float *y, float *d, size_t n) {
    float lanes[GD_ROW_LANES] = {0};
    for (size_t i = 0; i < n; i += VF) {
        float *lane = lanes + i % GD_ROW_LANES;
        store_lanes(lane, vf_fma(load_lanes(d + i, n - i), load_lanes(y + i, n - i), load_lanes(lane, n - i)), n - i);
    }
    const vf sum = vf_set(fold(lanes, GD_ROW_LANES));
    for (size_t i = 0; i < n; i += VF) store_lanes(d + i, vf_mul(load_lanes(y + i, n - i), vf_sub(load_lanes(d + i, n - i), sum)), n - i);
}

/* lane = lane + x, and lane = fma(x, y, lane). */
typedef vf lane_function(vf lane, const float *x, const float *y, size_t part);

static inline vf sum_lane(vf lane, const float *x, const float *y, size_t part) {
    (void)y;
    return vf_add(lane, load_lanes(x, part));
}
static inline vf dot_lane(vf lane, const float *x, const float *y, size_t part) { return vf_fma(load_lanes(x, part), load_lanes(y, part), lane); }

/* 64 lanes in registers; the last, ragged row of 64 touches only the lanes that have an element. */
static inline __attribute__((always_inline)) float reduce(lane_function *function, const float *x, const float *y, size_t n) {
    enum { VECTORS = GD_SUM_LANES / VF };
    vf acc[VECTORS];
    float lanes[GD_SUM_LANES];
    size_t i = 0;
    for (int v = 0; v < VECTORS; v++) acc[v] = vf_set(0.0f);
    for (; i + GD_SUM_LANES <= n; i += GD_SUM_LANES)
        for (int v = 0; v < VECTORS; v++) acc[v] = function(acc[v], x + i + v * VF, y + i + v * VF, VF);
    for (int v = 0; v < VECTORS; v++) vf_store(lanes + v * VF, acc[v]);
    for (size_t l = 0; i + l < n; l += VF) {
        const size_t part = n - i - l;
        store_lanes(lanes + l, function(load_lanes(lanes + l, part), x + i + l, y + i + l, part), part);
    }
    return fold(lanes, GD_SUM_LANES);
}
static float block_sum(const float *x, size_t n) { return reduce(sum_lane, x, x, n); }
static float block_dot(const float *x, const float *y, size_t n) { return reduce(dot_lane, x, y, n); }
