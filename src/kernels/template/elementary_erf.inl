/* The normal distribution's: erf, gelu. */

/* erf(x)/x for z = x^2 <= 0.5625. */
static inline vd erf_ratio(vd z) {
    const double *const c = erf_coefficients;
    vd z2 = vd_mul(z, z);
    vd even = vd_set(c[10]), odd = vd_set(c[9]);
    even = vd_madd(even, z2, vd_set(c[8]));
    odd = vd_madd(odd, z2, vd_set(c[7]));
    even = vd_madd(even, z2, vd_set(c[6]));
    odd = vd_madd(odd, z2, vd_set(c[5]));
    even = vd_madd(even, z2, vd_set(c[4]));
    odd = vd_madd(odd, z2, vd_set(c[3]));
    even = vd_madd(even, z2, vd_set(c[2]));
    odd = vd_madd(odd, z2, vd_set(c[1]));
    even = vd_madd(even, z2, vd_set(c[0]));
    return vd_madd(odd, z, even);
}

/* Phi(-t), the normal distribution's tail, for 0 <= t <= 15; minus_half_square = -t^2/2. */
static inline vd normal_tail(vd t, vd minus_half_square) {
    const double *const c = tail_coefficients;
    vd exponent;
    vd p = reduced_exp(minus_half_square, &exponent);
    vd u = vd_div(vd_set(1.0), vd_add(t, vd_set(5.0)));
    vd w = vd_sub(u, vd_set(0.125));
    vd w2 = vd_mul(w, w);
    vd even = vd_set(c[20]), odd = vd_set(c[19]);
    for (int i = 18; i > 0; i -= 2) {
        even = vd_madd(even, w2, vd_set(c[i]));
        odd = vd_madd(odd, w2, vd_set(c[i - 1]));
    }
    even = vd_madd(even, w2, vd_set(c[0]));
    vd scaled = vd_mul(vd_madd(odd, w, even), u);
    return vd_add_bits(vd_madd(scaled, p, scaled), exponent);
}

/* From 4 on it is 1. */
static inline vd gd_erf_vd(vd x) {
    vd sign = vd_and(x, vd_set(-0.0));
    vd size = vd_xor(x, sign);
    vd small = vd_mul(x, erf_ratio(vd_mul(x, x)));
    size = vd_between(size, 0.0, 4.0);
    vd tail = normal_tail(vd_mul(size, vd_set(sqrt_2)), vd_xor(vd_mul(size, size), vd_set(-0.0)));
    return vd_select(vd_less(size, vd_set(0.75)), small, vd_or(vd_madd(tail, vd_set(-2.0), vd_set(1.0)), sign));
}

/* x*Phi(x). Near 0 it is x/2 + x^2*(...): the second term is at least 2^-41 of x, which a subnormal tie x/2 needs and nothing else notices. From -15
 * down it is -0. */
static inline vd gd_gelu_vd(vd x) {
    const vd one = vd_set(1.0), sign = vd_set(-0.0);
    vd size = vd_xor(x, vd_and(x, sign));
    vd ratio = vd_mul(erf_ratio(vd_mul(vd_mul(x, x), vd_set(0.5))), vd_set(0.5 * sqrt_half));
    vd second = vd_mul(size, vd_select(vd_less(size, vd_set(0x1p-40)), vd_set(0x1p-40), size));
    vd small = vd_or(vd_madd(second, ratio, vd_mul(x, vd_set(0.5))), vd_and(x, sign));
    vd t = vd_between(size, 0.0, 15.0);
    vd tail = normal_tail(t, vd_mul(vd_mul(t, t), vd_set(-0.5)));
    vd low = vd_select(vd_less(x, vd_set(-15.0)), vd_set(-15.0), x);
    vd large = vd_mul(low, vd_select(vd_less(x, vd_set(0.0)), tail, vd_sub(one, tail)));
    return vd_select(vd_less(size, one), small, large);
}

static void unary_erf(const float *x, float *y, size_t n) { map_f64(gd_erf_vd, x, y, n); }
static void unary_gelu(const float *x, float *y, size_t n) { map_f64(gd_gelu_vd, x, y, n); }
