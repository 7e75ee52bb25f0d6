/* exp and what is made of it: expm1, tanh, sigmoid, silu. */

/* Where exp_split cannot take x. */
static inline vm exp_far(vf x) { return vf_less(vf_set(700.0f), vf_abs(x)); }

static inline vf exp_range(vf x) { return vm_any(exp_far(x)) ? vf_between(x, -700.0f, 700.0f) : x; }

static inline vf exp_vf(vf x) { return vf_narrow(exp_vd(vd_widen(exp_range(x)))); }

/* x moved by `part` of itself in the lanes that are `hard`: where what is computed does not show on which side of a tie the exact value lies. */
static inline vd nudge(vd x, vm hard, float part) { return vm_any(hard) ? vd_madd(x, vd_widen(vf_select(hard, vf_set(part), vf_set(0.0f))), x) : x; }

/* (2^k (c + r/2) - (c - r/2))/(c - r/2), added up so that nothing is lost where k = 0. One result lies just below a tie. */
static inline vf expm1_vf(vf x) {
    const vd one = vd_set(1.0);
    exp_parts e = exp_split(nudge(vd_widen(exp_range(x)), vf_equal(x, vf_set(0x1.84a5bap-4f)), -0x1p-40f));
    vd power = vd_add_bits(one, e.k), half = vd_mul(e.r, vd_set(0.5));
    vd numerator = vd_madd(e.c, vd_sub(power, one), vd_mul(half, vd_add(power, one)));
    return vf_copy_sign(vf_narrow(vd_div(numerator, exp_below(e))), x); /* -0 */
}

/* (p - 1)/(p + 1), p = exp(2|x|), likewise. From 10 on it is 1. */
static inline vf tanh_vf(vf x) {
    const vd one = vd_set(1.0);
    vd size = vd_widen(vf_between(vf_abs(x), 0.0f, 10.0f));
    exp_parts e = exp_split(vd_add(size, size));
    vd power = vd_add_bits(one, e.k), half = vd_mul(e.r, vd_set(0.5)), less = vd_sub(power, one), more = vd_add(power, one);
    vd numerator = vd_madd(e.c, less, vd_mul(half, more)), divisor = vd_madd(e.c, more, vd_mul(half, less));
    return vf_copy_sign(vf_narrow(vd_div(numerator, divisor)), x);
}

/* y/(1 + exp(-x)) with one division. */
static inline vd logistic(vd y, vd x) {
    exp_parts e = exp_split(x);
    vd above = exp_above(e);
    return vd_div(vd_mul(y, above), vd_add(above, vd_sub_bits(exp_below(e), e.k)));
}

/* 1/(1 + exp(-x)). Near 0 it is 1/2 + x/4 - x^3/48 + ...: where the first two terms are a tie of two floats, the third is too small for fp64 to show.
 * So there x is taken smaller by 2^-26 of itself. That decides a tie as the third term does, and changes nothing else: a fp32 number that is not at a
 * tie is at least 2^-24 of itself away from one. One number farther out has a result as close to a tie, on the same side. */
static inline vf sigmoid_vf(vf x) {
    vm near_tie = vm_or(vf_less(vf_abs(x), vf_set(0x1p-13f)), vf_equal(x, vf_set(-0x1.250c02p-10f)));
    return vf_narrow(logistic(vd_set(1.0), nudge(vd_widen(exp_range(x)), near_tie, -0x1p-26f)));
}

/* silu where |x| < 2^-8: x/2 + w, w = x^2/4 - x^4/48. Where x/2 is subnormal it may be a tie of two floats: w is taken at least as large as
 * 2^-42 of x, so that the sum in fp64 decides it as the true w does. Nowhere else that shows. */
static inline vf small_silu(vf x) {
    vd wide = vd_widen(x), size = vd_widen(vf_abs(x)), z = vd_mul(wide, wide);
    vd least = vd_widen(vf_select(vf_less(vf_abs(x), vf_set(0x1p-40f)), vf_set(0x1p-40f), vf_abs(x)));
    vd w = vd_mul(vd_mul(size, vd_set(0.25)), least);
    w = vd_madd(vd_mul(w, z), vd_set(-1.0 / 12.0), w);
    return vf_copy_sign(vf_narrow(vd_add(vd_mul(wide, vd_set(0.5)), w)), x);
}

/* x/(1 + exp(-x)). */
static inline vf silu_vf(vf x) {
    vd wide = vd_widen(exp_range(x));
    vf y = vf_narrow(logistic(wide, wide));
    vm small = vf_less(vf_abs(x), vf_set(0x1p-8f));
    if (vm_any(vm_or(small, exp_far(x)))) y = vf_select(small, small_silu(x), vf_select(vf_less(vf_set(700.0f), x), x, y));
    return y;
}

static void unary_exp(const float *x, float *y, size_t n) { map(exp_vf, x, y, n); }
static void unary_expm1(const float *x, float *y, size_t n) { map(expm1_vf, x, y, n); }
static void unary_tanh(const float *x, float *y, size_t n) { map(tanh_vf, x, y, n); }
static void unary_sigmoid(const float *x, float *y, size_t n) { map(sigmoid_vf, x, y, n); }
static void unary_silu(const float *x, float *y, size_t n) { map(silu_vf, x, y, n); }
