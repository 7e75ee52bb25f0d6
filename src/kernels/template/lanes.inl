/* Loads and stores of the next VF elements of an array with n left: whole vectors where they fit (masked stores are slow on some CPUs), else partial
 * ones. */
static inline vf load_lanes(const float *p, size_t n) { return n >= VF ? vf_load(p) : vf_load_part(p, n); }
static inline void store_lanes(float *p, vf a, size_t n) {
    if (n >= VF) {
        vf_store(p, a);
    } else {
        vf_store_part(p, a, n);
    }
}

/* y[i] = f(x[i]); y may be x. One call of the function, so that it is inlined once. */
typedef vf vf_function(vf x);

static inline __attribute__((always_inline)) void map(vf_function *function, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i += VF) store_lanes(y + i, function(load_lanes(x + i, n - i)), n - i);
}
