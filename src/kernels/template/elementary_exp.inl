/* exp and what is made of it: expm1, tanh, sigmoid, silu. */

/* Clamped where the result is 0 or infinity for certain. */
static inline vd gd_exp_vd(vd x) {
    vd exponent;
    vd p = reduced_exp(vd_between(x, -110.0, 90.0), &exponent);
    return vd_add_bits(vd_add(vd_set(1.0), p), exponent);
}

/* 2^k*p + (2^k - 1), the sign put back for -0. From -40 down it is -1. */
static inline vd gd_expm1_vd(vd x) {
    vd exponent;
    vd p = reduced_exp(vd_between(x, -40.0, 90.0), &exponent);
    vd power = vd_add_bits(vd_set(1.0), exponent);
    return vd_or(vd_madd(power, p, vd_sub(power, vd_set(1.0))), vd_and(x, vd_set(-0.0)));
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

/* x/(1 + exp(-x)). Near 0 it is x/2 + w, w = x^2/4 - x^4/48 + ...: there the sum is often a tie of two floats, or loses on which side of one w puts it. At
 * a tie the part that the sum lost decides; and w is at least 2^-42 of x, which a subnormal tie x/2 needs and nothing else notices. */
static inline vd gd_silu_vd(vd x) {
    const vd one = vd_set(1.0), sign = vd_set(-0.0);
    vd exponent;
    vd low = vd_select(vd_less(x, vd_set(-110.0)), vd_set(-110.0), x);
    vd p = reduced_exp(vd_xor(vd_between(x, -110.0, 110.0), sign), &exponent);
    vd whole = vd_div(low, vd_add(one, vd_add_bits(vd_add(one, p), exponent)));
    vd size = vd_xor(x, vd_and(x, sign)), half = vd_mul(x, vd_set(0.5)), z = vd_mul(x, x);
    vd w = vd_mul(vd_mul(size, vd_set(0.25)), vd_select(vd_less(size, vd_set(0x1p-40)), vd_set(0x1p-40), size));
    w = vd_madd(vd_mul(w, z), vd_madd(z, vd_set(1.0 / 120.0), vd_set(-1.0 / 12.0)), w);
    vd sum = vd_add(half, w);
    vd lost = vd_sub(w, vd_sub(sum, half));
    vdm tie = vd_equal(vd_shift_left(sum, 35), vd_set(0.0));
    sum = vd_select(tie, vd_madd(lost, vd_set(0x1p16), sum), sum);
    return vd_select(vd_less(size, vd_set(0x1p-8)), vd_or(sum, vd_and(x, sign)), whole);
}

static void unary_exp(const float *x, float *y, size_t n) { map_f64(gd_exp_vd, x, y, n); }
static void unary_expm1(const float *x, float *y, size_t n) { map_f64(gd_expm1_vd, x, y, n); }
static void unary_tanh(const float *x, float *y, size_t n) { map_f64(gd_tanh_vd, x, y, n); }
static void unary_sigmoid(const float *x, float *y, size_t n) { map_f64(gd_sigmoid_vd, x, y, n); }
static void unary_silu(const float *x, float *y, size_t n) { map_f64(gd_silu_vd, x, y, n); }
