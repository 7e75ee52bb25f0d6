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

/* exp(x) = 2^k * (c + r/2)/(c - r/2) with x = k*ln(2) + r, |r| <= ln(2)/2, c = (r/2)*coth(r/2), a polynomial in r^2: half as many terms as exp's own.
 * |x| <= 700. */
typedef struct exp_parts {
    vd c, r;
    vd k; /* to be added to a double's bits */
} exp_parts;

static inline exp_parts exp_split(vd x) {
    const vd shifter = vd_set(0x1.8p52); /* a sum with it is rounded to an integer, which ends in its low bits */
    const double *const b = coth_coefficients;
    vd sum = vd_madd(x, vd_set(log2_e), shifter);
    vd k = vd_sub(shifter, sum); /* minus k */
    vd r = vd_madd(k, vd_set(ln2_low), vd_madd(k, vd_set(ln2_high), x));
    vd z = vd_mul(r, r);
    vd series = vd_madd(vd_set(b[3]), z, vd_set(b[2]));
    series = vd_madd(series, z, vd_set(b[1]));
    series = vd_madd(series, z, vd_set(b[0]));
    return (exp_parts){vd_madd(series, z, vd_set(1.0)), r, vd_shift_left(sum, 52)};
}

static inline vd exp_above(exp_parts e) { return vd_madd(e.r, vd_set(0.5), e.c); }
static inline vd exp_below(exp_parts e) { return vd_madd(e.r, vd_set(-0.5), e.c); }

static inline vd exp_vd(vd x) {
    exp_parts e = exp_split(x);
    vd p = vd_div(e.r, exp_below(e));
    return vd_add_bits(vd_add(vd_set(1.0), p), e.k);
}

/* Where a double is a tie of two floats (or a float), and what it lost in rounding says on which side of it the exact value lies. */
static inline vdm at_tie(vd sum) { return vd_equal(vd_shift_left(sum, 35), vd_set(0.0)); }
static inline vd decided(vd sum, vd lost) { return vd_madd(lost, vd_set(0x1p16), sum); }

static inline vd sum_beside_tie(vd head, vd low) { /* |head| >= |low| */
    vd sum = vd_add(head, low);
    vdm tie = at_tie(sum);
    if (vdm_any(tie)) {
        vd lost = vd_sub(low, vd_sub(sum, head)); /* NaN where the sum is infinite */
        sum = vd_select(tie, vd_select(vd_equal(lost, lost), decided(sum, lost), sum), sum);
    }
    return sum;
}
