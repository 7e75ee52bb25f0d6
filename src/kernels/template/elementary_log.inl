/* log and what is made of it: log1p, softplus. */

/* log((1 + s)/(1 - s)) = 2s + s^3 R(s^2) for |s| <= 0.1716: returns s^2 R. */
static inline vd log_series(vd s) {
    vd z = vd_mul(s, s);
    const double *const c = log_coefficients;
    vd series = vd_madd(vd_set(c[6]), z, vd_set(c[5]));
    series = vd_madd(series, z, vd_set(c[4]));
    series = vd_madd(series, z, vd_set(c[3]));
    series = vd_madd(series, z, vd_set(c[2]));
    series = vd_madd(series, z, vd_set(c[1]));
    series = vd_madd(series, z, vd_set(c[0]));
    return vd_mul(z, series);
}

/* A positive x = 2^k * m with m in [sqrt(1/2), sqrt(2)): returns m, and k as a number in *exponent. */
static inline vd log_split(vd x, vd *exponent) {
    /* The exponent field of t is k + 1024, its fraction that of x counted from sqrt(1/2). */
    const vd offset = vd_sub_bits(vd_set(sqrt_half), vd_set(0x1p1));
    vd t = vd_sub_bits(x, offset);
    *exponent = vd_sub(vd_or(vd_shift_right(t, 52), vd_set(0x1p52)), vd_set(0x1p52 + 1024.0));
    return vd_add_bits(vd_and(t, vd_set(0x0.fffffffffffffp-1022)), vd_set(sqrt_half));
}

/* k*ln(2) + log(1 + f) with log(1 + f) = 2s + s^3 R = f - s*(f - s^2 R), s = f/(2 + f). */
static inline vd log_sum(vd k, vd f) {
    vd s = vd_div(f, vd_add(f, vd_set(2.0)));
    vd high = vd_mul(k, vd_set(ln2_high));
    vd head = vd_add(high, f);
    vd rest = vd_sub(f, vd_sub(head, high));
    vd low = vd_add(vd_sub(rest, vd_mul(s, vd_sub(f, log_series(s)))), vd_mul(k, vd_set(ln2_low)));
    vd sum = vd_add(head, low);
    vd lost = vd_sub(low, vd_sub(sum, head));
    /* A few logarithms lie so near to a tie of two floats that sum is the tie: there what sum lost has to show. (A float itself is unharmed.) */
    vdm tie = vd_equal(vd_shift_left(sum, 35), vd_set(0.0));
    return vd_select(tie, vd_madd(lost, vd_set(0x1p16), sum), sum);
}

/* log_value where y > 0; -inf at 0, NaN below, +inf at +inf. */
static inline vd log_ends(vd y, vd log_value) {
    vd end = vd_select(vd_equal(y, vd_set(0.0)), vd_set(-(double)INFINITY), vd_set((double)NAN));
    return vd_select(vd_equal(y, vd_set((double)INFINITY)), y, vd_select(vd_less(vd_set(0.0), y), log_value, end));
}

static inline vd gd_log_vd(vd x) {
    vd k, f = vd_sub(log_split(x, &k), vd_set(1.0));
    return log_ends(x, log_sum(k, f));
}

/* log(1 + x): where 1 + x is near 1, x itself stands for m - 1, which the sum may have cut. (Above 2^53 what it cuts is too small to matter.) The sign
 * is put back for -0. */
static inline vd gd_log1p_vd(vd x) {
    const vd reach = vd_set(0.25);
    vd k, one_more = vd_add(vd_set(1.0), x);
    vd f = vd_sub(log_split(one_more, &k), vd_set(1.0));
    f = vd_select(vdm_and(vd_less(x, reach), vd_less(vd_sub(vd_set(0.0), reach), x)), x, f);
    return vd_or(log_ends(one_more, log_sum(k, f)), vd_and(x, vd_set(-0.0)));
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|) <= 1. Where 1 + e > sqrt(2) it is 2*(1 + f) with f = (e - 1)/2, else f = e. */
static inline vd gd_softplus_vd(vd x) {
    const vd zero = vd_set(0.0), half = vd_set(0.5);
    vd exponent;
    vd minus = vd_or(x, vd_set(-0.0));
    vd p = reduced_exp(vd_between(minus, -110.0, 0.0), &exponent);
    vd e = vd_add_bits(vd_add(vd_set(1.0), p), exponent);
    vdm doubled = vd_less(vd_set(0x1.a8p-2), e);
    vd f = vd_select(doubled, vd_madd(e, half, vd_set(-0.5)), e);
    vd s = vd_div(f, vd_add(f, vd_set(2.0)));
    vd high = vd_add(vd_select(vd_less(zero, x), x, zero), vd_select(doubled, vd_set(ln2_high), zero));
    vd tail = vd_sub(vd_select(doubled, vd_set(ln2_low), zero), vd_mul(s, vd_sub(f, log_series(s))));
    return vd_add(high, vd_add(f, tail));
}

static void unary_log(const float *x, float *y, size_t n) { map_f64(gd_log_vd, x, y, n); }
static void unary_log1p(const float *x, float *y, size_t n) { map_f64(gd_log1p_vd, x, y, n); }
static void unary_softplus(const float *x, float *y, size_t n) { map_f64(gd_softplus_vd, x, y, n); }
