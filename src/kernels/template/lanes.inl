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
