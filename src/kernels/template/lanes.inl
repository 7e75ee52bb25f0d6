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

/* y[i] = f(x[i]); y may be x. */
typedef vf vf_function(vf x);

static inline __attribute__((always_inline)) void map(vf_function *function, const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + VF <= n; i += VF) vf_store(y + i, function(vf_load(x + i)));
    if (i < n) vf_store_part(y + i, function(vf_load_part(x + i, n - i)), n - i);
}
