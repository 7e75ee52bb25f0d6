/* log and what is made of it: log1p, softplus. */

/* log(1 + f) = f + s*q, |f| < 0.42, with s = -f/(2 + f): as log((1 - s)/(1 + s)) = -2s - s^3 R(s^2) and f = -2s - s*f, q = f - s^2 R. */
static inline vd log1p_split(vd f, vd *s) {
    const double *const c = log_coefficients; /* of -R */
    *s = vd_div(f, vd_sub(vd_set(-2.0), f));
    vd z = vd_mul(*s, *s);
    vd series = vd_madd(vd_set(c[5]), z, vd_set(c[4]));
    series = vd_madd(series, z, vd_set(c[3]));
    series = vd_madd(series, z, vd_set(c[2]));
    series = vd_madd(series, z, vd_set(c[1]));
    series = vd_madd(series, z, vd_set(c[0]));
    return vd_madd(series, z, f);
}

/* A positive x = 2^k * m with m in [sqrt(1/2), sqrt(2)): returns m - 1, and k as a number in *exponent. */
static inline vd log_split(vd x, vd *exponent) {
    /* The exponent field of t is k + 1024, its fraction that of x counted from sqrt(1/2). */
    const vd offset = vd_sub_bits(vd_set(sqrt_half), vd_set(0x1p1));
    vd t = vd_sub_bits(x, offset);
    *exponent = vd_sub(vd_or(vd_shift_right(t, 52), vd_set(0x1p52)), vd_set(0x1p52 + 1024.0));
    return vd_sub(vd_add_bits(vd_and(t, vd_set(0x0.fffffffffffffp-1022)), vd_set(sqrt_half)), vd_set(1.0));
}

/* k*ln(2) + log(1 + f). A few logarithms lie very near to a tie of two floats: there what the first sum and the last lost
 * decides. */
static inline vd log_sum(vd k, vd f) {
    const vd high = vd_set(ln2_high), low = vd_set(ln2_low);
    vd s, q = log1p_split(f, &s);
    vd head = vd_madd(s, q, f);
    vd rest = vd_madd(k, low, head);
    vd sum = vd_madd(k, high, rest);
    vdm tie = at_tie(sum);
    if (vdm_any(tie)) {
        vd lost = vd_add(vd_sub(vd_mul(s, q), vd_sub(head, f)), vd_sub(rest, vd_sub(sum, vd_mul(k, high))));
        sum = vd_select(tie, decided(sum, lost), sum);
    }
    return sum;
}

/* log_of_y where 0 < y < infinity; -inf at 0, NaN below, y itself above. */
static inline vf log_ends(vf y, vf log_of_y) {
    vm positive = vf_less(vf_set(0.0f), y), ordinary = vm_and(positive, vf_less(y, vf_set(INFINITY)));
    if (!vm_all(ordinary)) {
        vf end = vf_select(positive, y, vf_select(vf_equal(y, vf_set(0.0f)), vf_set(-INFINITY), vf_set(NAN)));
        log_of_y = vf_select(ordinary, log_of_y, end);
    }
    return log_of_y;
}

static inline vf log_vf(vf x) {
    vd k, f = log_split(vd_widen(x), &k);
    return log_ends(x, vf_narrow(log_sum(k, f)));
}

/* Where 1 + x is near 1, x itself stands for m - 1, which the sum may have cut. (From 2^53 on what it cuts is too small to matter.) */
static inline vf log1p_vf(vf x) {
    vd wide = vd_widen(x), k, f = log_split(vd_add(vd_set(1.0), wide), &k);
    f = vd_select(vd_less(vd_mul(wide, wide), vd_set(0.0625)), wide, f);
    vf y = vf_narrow(log_sum(k, f));
    return vf_copy_sign(log_ends(vf_add(x, vf_set(1.0f)), y), x); /* -0 */
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|) <= 1. Where 1 + e > sqrt(2) it is 2*(1 + f) with f = (e - 1)/2, else f = e. */
static inline vf softplus_vf(vf x) {
    const vd zero = vd_set(0.0);
    vd e = exp_vd(vd_widen(vf_between(vf_negate(vf_abs(x)), -110.0f, 0.0f)));
    vdm doubled = vd_less(vd_set(0x1.a8p-2), e);
    vd f = vd_select(doubled, vd_madd(e, vd_set(0.5), vd_set(-0.5)), e);
    vd high = vd_add(vd_widen(vf_select(vf_less(x, vf_set(0.0f)), vf_set(0.0f), x)), vd_select(doubled, vd_set(ln2_high), zero));
    vd s, q = log1p_split(f, &s);
    vd low = vd_madd(s, q, vd_select(doubled, vd_set(ln2_low), zero));
    return vf_narrow(sum_beside_tie(high, vd_add(f, low)));
}

static void unary_log(const float *x, float *y, size_t n) { map(log_vf, x, y, n); }
static void unary_log1p(const float *x, float *y, size_t n) { map(log1p_vf, x, y, n); }
static void unary_softplus(const float *x, float *y, size_t n) { map(softplus_vf, x, y, n); }
