/* The elementary functions: computed in fp64 lanes and rounded once to the correct fp32 (docs/numerics.md, 7). Here is what they
 * share, the functions are in elementary_*.inl. The doubles may differ between ISAs (vd_madd is fused or not), the rounded results may not:
 * tools/prove_elementary tries every input. */
#include <math.h>

#include "kernels/template/elementary_coefficients.h"

/* x clamped; NaN stays. */
static inline vf vf_between(vf x, float low, float high) {
    x = vf_select(vf_less(x, vf_set(low)), vf_set(low), x);
    return vf_select(vf_less(vf_set(high), x), vf_set(high), x);
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

static inline vd full_exp(vd x) { /* |x| < 500 */
    vd exponent;
    vd p = reduced_exp(x, &exponent);
    return vd_add_bits(vd_add(vd_set(1.0), p), exponent);
}

/* The sum head + low, |head| > |low|, as a double that converts to the right float: where it is a tie of two floats, what it lost decides. (Where it is
 * a float itself, that does no harm.) */
static inline vd sum_beside_tie(vd head, vd low) {
    vd sum = vd_add(head, low);
    vdm tie = vd_equal(vd_shift_left(sum, 35), vd_set(0.0));
    if (vdm_any(tie)) sum = vd_select(tie, vd_madd(vd_sub(low, vd_sub(sum, head)), vd_set(0x1p16), sum), sum);
    return sum;
}
