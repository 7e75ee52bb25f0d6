/* exp, log, tanh and sigmoid in fp64 lanes: a widened fp32 in, a double out that converts to the correctly rounded fp32 (docs/numerics.md, 7).
 * The doubles may differ between ISAs (vd_madd is fused or not), the rounded results may not: tools/prove_elementary tries every input. */
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

/* Clamped where the result is 0 or infinity for certain. */
static inline vd gd_exp_vd(vd x) {
    vd exponent;
    vd p = reduced_exp(vd_between(x, -110.0, 90.0), &exponent);
    return vd_add_bits(vd_add(vd_set(1.0), p), exponent);
}

/* p/(p + 2), p = exp(2|x|) - 1. From 10 on it is 1. */
static inline vd gd_tanh_vd(vd x) {
    vd exponent;
    vd sign = vd_and(x, vd_set(-0.0));
    vd magnitude = vd_xor(x, sign);
    magnitude = vd_select(vd_less(vd_set(10.0), magnitude), vd_set(10.0), magnitude);
    vd p = reduced_exp(vd_add(magnitude, magnitude), &exponent);
    vd power = vd_add_bits(vd_set(1.0), exponent);
    p = vd_madd(power, p, vd_sub(power, vd_set(1.0)));
    return vd_or(vd_div(p, vd_add(p, vd_set(2.0))), sign);
}

/* 1/(1 + exp(-x)). Near 0 it is 1/2 + x/4 - x^3/48 + ...: where the first two terms are a tie of two floats, the third is too small for fp64 to show.
 * So there x is taken smaller by 2^-26 of itself. That decides a tie as the third term does, and changes nothing else: a fp32 number that is not at a
 * tie is at least 2^-24 of itself away from one. One number farther out has a result as close to a tie, on the same side. */
static inline vd gd_sigmoid_vd(vd x) {
    const vd small = vd_set(0x1p-13), hard = vd_set(-0x1.250c02p-10);
    vd exponent;
    vdm near_tie = vdm_or(vdm_and(vd_less(vd_sub(vd_set(0.0), small), x), vd_less(x, small)), vd_equal(x, hard));
    vd minus_x = vd_mul(vd_between(x, -110.0, 110.0), vd_select(near_tie, vd_set(0x1p-26 - 1.0), vd_set(-1.0)));
    vd p = reduced_exp(minus_x, &exponent);
    vd power = vd_add_bits(vd_add(vd_set(1.0), p), exponent);
    return vd_div(vd_set(1.0), vd_add(vd_set(1.0), power));
}

/* x = 2^k * m with m in [sqrt(1/2), sqrt(2)), s = (m - 1)/(m + 1): k*ln(2) + 2s + s^3 R(s^2). */
static inline vd gd_log_vd(vd x) {
    /* The exponent field of t is k + 1024, its fraction that of x counted from sqrt(1/2). */
    const vd offset = vd_sub_bits(vd_set(sqrt_half), vd_set(0x1p1));
    vd t = vd_sub_bits(x, offset);
    vd m = vd_add_bits(vd_and(t, vd_set(0x0.fffffffffffffp-1022)), vd_set(sqrt_half));
    vd k = vd_sub(vd_or(vd_shift_right(t, 52), vd_set(0x1p52)), vd_set(0x1p52 + 1024.0));
    vd s = vd_div(vd_sub(m, vd_set(1.0)), vd_add(m, vd_set(1.0)));
    vd z = vd_mul(s, s);
    const double *const c = log_coefficients;
    vd series = vd_madd(vd_set(c[6]), z, vd_set(c[5]));
    series = vd_madd(series, z, vd_set(c[4]));
    series = vd_madd(series, z, vd_set(c[3]));
    series = vd_madd(series, z, vd_set(c[2]));
    series = vd_madd(series, z, vd_set(c[1]));
    series = vd_madd(series, z, vd_set(c[0]));
    vd tail = vd_madd(vd_mul(z, s), series, vd_mul(k, vd_set(ln2_low)));
    vd high = vd_mul(k, vd_set(ln2_high));
    vd low = vd_add(vd_add(s, s), tail);
    vd sum = vd_add(high, low);
    vd lost = vd_sub(low, vd_sub(sum, high));
    /* A few logarithms lie so near to a tie of two floats that sum is the tie: there what sum lost has to show. (A float itself is unharmed.) */
    vdm tie = vd_equal(vd_shift_left(sum, 35), vd_set(0.0));
    sum = vd_select(tie, vd_madd(lost, vd_set(0x1p16), sum), sum);
    sum = vd_select(vd_less(vd_set(0.0), x), sum, vd_select(vd_equal(x, vd_set(0.0)), vd_set(-(double)INFINITY), vd_set((double)NAN)));
    return vd_select(vd_equal(x, vd_set((double)INFINITY)), x, sum);
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
static void unary_exp(const float *x, float *y, size_t n) { map_f64(gd_exp_vd, x, y, n); }
static void unary_log(const float *x, float *y, size_t n) { map_f64(gd_log_vd, x, y, n); }
static void unary_tanh(const float *x, float *y, size_t n) { map_f64(gd_tanh_vd, x, y, n); }
static void unary_sigmoid(const float *x, float *y, size_t n) { map_f64(gd_sigmoid_vd, x, y, n); }
