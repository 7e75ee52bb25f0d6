/* The elementary functions: a widened fp32 in, a double out that converts to the correctly rounded fp32 (docs/numerics.md, 7). Here is what they
 * share, the functions are in elementary_*.inl. The doubles may differ between ISAs (vd_madd is fused or not), the rounded results may not:
 * tools/prove_elementary tries every input. */
#include <math.h>

#include "kernels/template/elementary_coefficients.h"

static inline vd vd_between(vd x, double low, double high) { /* x clamped; NaN stays */
    x = vd_select(vd_less(x, vd_set(low)), vd_set(low), x);
    return vd_select(vd_less(vd_set(high), x), vd_set(high), x);
}

/* x = k*ln(2) + r with |r| <= ln(2)/2: returns exp(r) - 1, and k in *exponent, ready to be added to a double's bits. |x| < 500. A NaN gives NaN and
 * k = 0. */
static inline vd reduced_exp(vd x, vd *exponent) {
    const vd shifter = vd_set(0x1.8p52); /* a sum with it is rounded to an integer, which ends in its low bits */
    vd sum = vd_madd(x, vd_set(log2_e), shifter);
    vd k = vd_sub(shifter, sum); /* minus k */
    vd r = vd_madd(k, vd_set(ln2_low), vd_madd(k, vd_set(ln2_high), x));
    vd z = vd_mul(r, r);
    const double *const c = exp_coefficients;
    vd even = vd_set(c[8]), odd = vd_set(c[9]); /* two chains cost nothing: r^2 is needed anyway */
    even = vd_madd(even, z, vd_set(c[6]));
    odd = vd_madd(odd, z, vd_set(c[7]));
    odd = vd_madd(odd, z, vd_set(c[5]));
    even = vd_madd(even, z, vd_set(c[4]));
    odd = vd_madd(odd, z, vd_set(c[3]));
    even = vd_madd(even, z, vd_set(c[2]));
    odd = vd_madd(odd, z, vd_set(c[1]));
    even = vd_madd(even, z, vd_set(c[0]));
    *exponent = vd_shift_left(sum, 52);
    return vd_madd(z, vd_madd(odd, r, even), r);
}

typedef vd vd_function(vd x);

/* y[i] = f(x[i]), two vectors at a time for their chains to overlap. */
static inline __attribute__((always_inline)) void map_f64(vd_function *function, const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 2 * VD <= n; i += 2 * VD) {
        vd a = function(vd_load_f32(x + i)), b = function(vd_load_f32(x + i + VD));
        vd_store_f32(y + i, a);
        vd_store_f32(y + i + VD, b);
    }
    for (; i < n; i += VD) {
        const size_t part = n - i < VD ? n - i : VD;
        vd_store_f32_part(y + i, function(vd_load_f32_part(x + i, part)), part);
    }
}
