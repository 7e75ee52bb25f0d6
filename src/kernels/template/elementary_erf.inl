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
    exp_parts e = exp_split(minus_half_square);
    vd u = vd_div(vd_set(1.0), vd_add(t, vd_set(5.0)));
    vd w = vd_sub(u, vd_set(0.125));
    vd w2 = vd_mul(w, w);
    vd even = vd_set(c[20]), odd = vd_set(c[19]);
    for (int i = 18; i > 0; i -= 2) {
        even = vd_madd(even, w2, vd_set(c[i]));
        odd = vd_madd(odd, w2, vd_set(c[i - 1]));
    }
    even = vd_madd(even, w2, vd_set(c[0]));
    vd power = vd_div(exp_above(e), exp_below(e));
    return vd_add_bits(vd_mul(vd_mul(vd_madd(odd, w, even), u), power), e.k);
}

/* From 4 on it is 1. */
static inline vf erf_vf(vf x) {
    vd size = vd_widen(vf_between(vf_abs(x), 0.0f, 4.0f)), z = vd_mul(size, size);
    vd tail = normal_tail(vd_mul(size, vd_set(sqrt_2)), vd_sub(vd_set(0.0), z));
    vd y = vd_select(vd_less(size, vd_set(0.75)), vd_mul(size, erf_ratio(z)), vd_madd(tail, vd_set(-2.0), vd_set(1.0)));
    return vf_copy_sign(vf_narrow(y), x);
}

/* x*Phi(x). Near 0 it is x/2 + x^2*(...): the second term is taken at least as large as 2^-42 of x. Where x/2 is subnormal that decides a tie as the true
 * term does, and nowhere else it shows. From -15 down it is -0. */
static inline vf gelu_vf(vf x) {
    vd wide = vd_widen(vf_select(vf_less(x, vf_set(-15.0f)), vf_set(-15.0f), x)), t = vd_widen(vf_between(vf_abs(x), 0x1p-40f, 15.0f));
    vd tail = normal_tail(t, vd_mul(vd_mul(t, t), vd_set(-0.5)));
    vd share = vd_select(vd_less(wide, vd_set(0.0)), tail, vd_sub(vd_set(1.0), tail));
    return vf_copy_sign(vf_narrow(vd_mul(wide, share)), x);
}

static void unary_erf(const float *x, float *y, size_t n) { map(erf_vf, x, y, n); }
static void unary_gelu(const float *x, float *y, size_t n) { map(gelu_vf, x, y, n); }
