/* Activations that are no elementary function, and the derivatives of all. docs/numerics.md, sections 6 and 7. */

/* x > 0 ? x : (x is NaN ? x : +0): never max instructions, whose NaN rules differ. */
static inline vf relu(vf x) {
    vf zero = vf_set(0.0f);
    return vf_select(vf_less(zero, x), x, vf_select(vf_unordered(x, x), x, zero));
}
static inline vf leaky_relu(vf x) { return vf_select(vf_less(vf_set(0.0f), x), x, vf_mul(vf_set(GD_LEAKY_SLOPE), x)); }
static inline vf elu(vf x) { return vf_select(vf_less(vf_set(0.0f), x), x, expm1_vf(x)); }
static inline vf selu(vf x) {
    return vf_select(vf_less(vf_set(0.0f), x), vf_mul(vf_set(GD_SELU_LAMBDA), x), vf_mul(vf_set(GD_SELU_LAMBDA_ALPHA), expm1_vf(x)));
}
static void unary_relu(const float *x, float *y, size_t n) { map(relu, x, y, n); }
static void unary_leaky_relu(const float *x, float *y, size_t n) { map(leaky_relu, x, y, n); }
static void unary_elu(const float *x, float *y, size_t n) { map(elu, x, y, n); }
static void unary_selu(const float *x, float *y, size_t n) { map(selu, x, y, n); }

/* By the output. */
static inline vf tanh_derivative(vf y, vf d) { return vf_mul(d, vf_fma(vf_negate(y), y, vf_set(1.0f))); }
static inline vf sigmoid_derivative(vf y, vf d) { return vf_mul(d, vf_fma(vf_negate(y), y, y)); }
static inline vf relu_derivative(vf y, vf d) {
    vf zero = vf_set(0.0f);
    return vf_select(vf_less(zero, y), d, vf_select(vf_unordered(y, y), y, zero));
}
static inline vf leaky_relu_derivative(vf y, vf d) {
    return vf_select(vf_less(vf_set(0.0f), y), d, vf_select(vf_unordered(y, y), y, vf_mul(vf_set(GD_LEAKY_SLOPE), d)));
}
static inline vf elu_derivative(vf y, vf d) { return vf_select(vf_less(vf_set(0.0f), y), d, vf_mul(d, vf_add(y, vf_set(1.0f)))); }
static inline vf selu_derivative(vf y, vf d) {
    return vf_mul(d, vf_select(vf_less(vf_set(0.0f), y), vf_set(GD_SELU_LAMBDA), vf_add(y, vf_set(GD_SELU_LAMBDA_ALPHA))));
}
static inline vf softplus_derivative(vf y, vf d) { return vf_mul(d, vf_negate(expm1_vf(vf_negate(y)))); }

/* By the input z, taken between limits past which the derivative is 0 or 1, so that an infinity meets no 0. */

/* s + z*s*(1 - s) with s = sigmoid(z): of s and 1 - s the smaller one, t, is computed, the other one is 1 - t, so that neither loses digits. */
static inline vf silu_derivative(vf z, vf d) {
    vf c = vf_between(z, -128.0f, 128.0f);
    vf t = sigmoid_vf(vf_negate(vf_abs(c))), u = vf_sub(vf_set(1.0f), t);
    return vf_mul(d, vf_fma(c, vf_mul(t, u), vf_select(vf_less(c, vf_set(0.0f)), t, u)));
}

/* Phi(z) + z*phi(z): Phi is gelu(z)/z (1/2 near 0), phi is exp(-z^2/2)/sqrt(2 pi), where what rounding z^2 loses is put back to first order. */
static inline vf gelu_derivative(vf z, vf d) {
    const vf minus_half = vf_set(-0.5f);
    vf c = vf_between(z, -16.0f, 16.0f), square = vf_mul(c, c), lost = vf_fma(c, c, vf_negate(square)), e = exp_vf(vf_mul(minus_half, square));
    vf distribution = vf_select(vf_less(vf_abs(c), vf_set(0x1p-26f)), vf_set(0.5f), vf_div(gelu_vf(c), c));
    vf density = vf_mul(vf_mul(c, vf_set(GD_NORMAL_HEIGHT)), vf_fma(e, vf_mul(minus_half, lost), e)); /* times z */
    return vf_mul(d, vf_add(distribution, density));
}

#define GD_DERIVATIVE_LOOP(NAME, name, from_input) \
    static void derivative_##name(const float *from, float *d, size_t n) { map2(name##_derivative, from, d, n); }
GD_DERIVATIVE_MAP(GD_DERIVATIVE_LOOP)
