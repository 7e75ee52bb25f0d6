/* exp and what is made of it: expm1, tanh, sigmoid, silu. */

/* Clamped where the result is 0 or infinity for certain. */
static inline vf exp_vf(vf x) { return vf_narrow(full_exp(vd_widen(vf_between(x, -110.0f, 90.0f)))); }

/* 2^k*p + (2^k - 1). From -40 down it is -1. */
static inline vf expm1_vf(vf x) {
    vd exponent;
    vd p = reduced_exp(vd_widen(vf_between(x, -40.0f, 90.0f)), &exponent);
    vd power = vd_add_bits(vd_set(1.0), exponent);
    return vf_copy_sign(vf_narrow(vd_madd(power, p, vd_sub(power, vd_set(1.0)))), x); /* -0 */
}

/* p/(p + 2), p = exp(2|x|) - 1. From 10 on it is 1. */
static inline vf tanh_vf(vf x) {
    vd exponent;
    vd size = vd_widen(vf_between(vf_abs(x), 0.0f, 10.0f));
    vd p = reduced_exp(vd_add(size, size), &exponent);
    vd power = vd_add_bits(vd_set(1.0), exponent);
    p = vd_madd(power, p, vd_sub(power, vd_set(1.0)));
    return vf_copy_sign(vf_narrow(vd_div(p, vd_add(p, vd_set(2.0)))), x);
}

/* 1/(1 + exp(-x)). Near 0 it is 1/2 + x/4 - x^3/48 + ...: where the first two terms are a tie of two floats, the third is too small for fp64 to show.
 * So there x is taken smaller by 2^-26 of itself. That decides a tie as the third term does, and changes nothing else: a fp32 number that is not at a
 * tie is at least 2^-24 of itself away from one. One number farther out has a result as close to a tie, on the same side. */
static inline vf sigmoid_vf(vf x) {
    const vd one = vd_set(1.0);
    vd minus = vd_widen(vf_negate(vf_between(x, -110.0f, 110.0f)));
    vm near_tie = vm_or(vf_less(vf_abs(x), vf_set(0x1p-13f)), vf_equal(x, vf_set(-0x1.250c02p-10f)));
    if (vm_any(near_tie)) minus = vd_madd(minus, vd_widen(vf_select(near_tie, vf_set(-0x1p-26f), vf_set(0.0f))), minus);
    return vf_narrow(vd_div(one, vd_add(one, full_exp(minus))));
}

/* silu where |x| < 2^-8: x/2 + w, w = x^2/4 - x^4/48 + x^6/480. The sum is often a tie of two floats. w is taken at least as large as 2^-42 of x: where
 * x/2 is subnormal that decides a tie as the true w does, and nowhere else it shows. */
static inline vf small_silu(vf x) {
    vd wide = vd_widen(x), size = vd_widen(vf_abs(x)), z = vd_mul(wide, wide);
    vd least = vd_widen(vf_select(vf_less(vf_abs(x), vf_set(0x1p-40f)), vf_set(0x1p-40f), vf_abs(x)));
    vd w = vd_mul(vd_mul(size, vd_set(0.25)), least);
    w = vd_madd(vd_mul(w, z), vd_madd(z, vd_set(1.0 / 120.0), vd_set(-1.0 / 12.0)), w);
    return vf_copy_sign(vf_narrow(sum_beside_tie(vd_mul(wide, vd_set(0.5)), w)), x);
}

/* x/(1 + exp(-x)). */
static inline vf silu_vf(vf x) {
    vf low = vf_select(vf_less(x, vf_set(-110.0f)), vf_set(-110.0f), x);
    vf high = vf_select(vf_less(vf_set(110.0f), low), vf_set(110.0f), low);
    vf y = vf_narrow(vd_div(vd_widen(low), vd_add(vd_set(1.0), full_exp(vd_widen(vf_negate(high))))));
    vm small = vf_less(vf_abs(x), vf_set(0x1p-8f));
    if (vm_any(small)) y = vf_select(small, small_silu(x), y);
    return y;
}

static void unary_exp(const float *x, float *y, size_t n) { map(exp_vf, x, y, n); }
static void unary_expm1(const float *x, float *y, size_t n) { map(expm1_vf, x, y, n); }
static void unary_tanh(const float *x, float *y, size_t n) { map(tanh_vf, x, y, n); }
static void unary_sigmoid(const float *x, float *y, size_t n) { map(sigmoid_vf, x, y, n); }
static void unary_silu(const float *x, float *y, size_t n) { map(silu_vf, x, y, n); }
