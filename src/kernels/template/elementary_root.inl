/* rsqrt, in fp32 lanes: fp64 roots and quotients are slow. */

/* y = 1/sqrt(x) with two roundings; 1 - x*y^2 = e tells how far off it is: y*(1 + e/2 + 3/8 e^2). x*y is taken in two parts, head and rest, so that e
 * has (nearly) all its bits. Where y is infinite or 0, e is NaN and y is right. */
static inline vf rsqrt_vf(vf x) {
    const vf one = vf_set(1.0f);
    vf y = vf_div(one, vf_sqrt(x));
    vf head = vf_mul(x, y);
    vf rest = vf_fma(x, y, vf_negate(head));
    vf e = vf_fma(vf_negate(rest), y, vf_fma(vf_negate(head), y, one));
    e = vf_fma(vf_mul(vf_set(0.75f), e), e, e);
    vf result = vf_fma(vf_mul(vf_set(0.5f), y), e, y);
    return vf_select(vf_unordered(e, e), y, result);
}
static void unary_rsqrt(const float *x, float *y, size_t n) { map(rsqrt_vf, x, y, n); }
