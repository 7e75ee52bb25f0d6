/* Activations and derivatives in fp32 lanes; where they take an elementary function, it goes over a piece in L1 first. docs/numerics.md, sections 6
 * and 7. */
#include <string.h>

enum { PIECE = 128 };

/* x > 0 ? x : (x is NaN ? x : +0): never max instructions, whose NaN rules differ. */
static inline vf relu(vf x) {
    vf zero = vf_set(0.0f);
    return vf_select(vf_less(zero, x), x, vf_select(vf_unordered(x, x), x, zero));
}
static inline vf leaky_relu(vf x) { return vf_select(vf_less(vf_set(0.0f), x), x, vf_mul(vf_set(GD_LEAKY_SLOPE), x)); }
static void unary_relu(const float *x, float *y, size_t n) { map(relu, x, y, n); }
static void unary_leaky_relu(const float *x, float *y, size_t n) { map(leaky_relu, x, y, n); }

/* y = function(x, expm1(x)). */
static inline __attribute__((always_inline)) void map_expm1(vf_function2 *function, const float *x, float *y, size_t n) {
    float piece[PIECE];
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t part = n - i < PIECE ? n - i : PIECE;
        unary_expm1(x + i, piece, part);
        map2(function, x + i, piece, part);
        memcpy(y + i, piece, part * sizeof *y);
    }
}
static inline vf elu(vf x, vf e) { return vf_select(vf_less(vf_set(0.0f), x), x, e); }
static inline vf selu(vf x, vf e) {
    return vf_select(vf_less(vf_set(0.0f), x), vf_mul(vf_set(GD_SELU_LAMBDA), x), vf_mul(vf_set(GD_SELU_LAMBDA_ALPHA), e));
}
static void unary_elu(const float *x, float *y, size_t n) { map_expm1(elu, x, y, n); }
static void unary_selu(const float *x, float *y, size_t n) { map_expm1(selu, x, y, n); }

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
static void derivative_tanh(const float *y, float *d, size_t n) { map2(tanh_derivative, y, d, n); }
static void derivative_sigmoid(const float *y, float *d, size_t n) { map2(sigmoid_derivative, y, d, n); }
static void derivative_relu(const float *y, float *d, size_t n) { map2(relu_derivative, y, d, n); }
static void derivative_leaky_relu(const float *y, float *d, size_t n) { map2(leaky_relu_derivative, y, d, n); }
static void derivative_elu(const float *y, float *d, size_t n) { map2(elu_derivative, y, d, n); }
static void derivative_selu(const float *y, float *d, size_t n) { map2(selu_derivative, y, d, n); }

/* 1 - exp(-y). */
static inline vf softplus_derivative(vf e, vf d) { return vf_mul(d, vf_negate(e)); }
static void derivative_softplus(const float *y, float *d, size_t n) {
    float e[PIECE];
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t part = n - i < PIECE ? n - i : PIECE;
        map(vf_negate, y + i, e, part);
        unary_expm1(e, e, part);
        map2(softplus_derivative, e, d + i, part);
    }
}

/* By the input z, taken between limits past which the derivative is 0 or 1, so that an infinity meets no 0. */
static inline vf between(vf z, float limit) {
    z = vf_select(vf_less(z, vf_set(-limit)), vf_set(-limit), z);
    return vf_select(vf_less(vf_set(limit), z), vf_set(limit), z);
}

/* s + z*s*(1 - s) with s = sigmoid(z): of s and 1 - s the smaller one, t, is computed, the other one is 1 - t, so that neither loses digits. */
static inline vf silu_side(vf z) { return vf_negate(vf_abs(between(z, 128.0f))); }
static inline vf silu_slope(vf z, vf t) {
    const vf c = between(z, 128.0f), u = vf_sub(vf_set(1.0f), t);
    return vf_fma(c, vf_mul(t, u), vf_select(vf_less(c, vf_set(0.0f)), t, u));
}
static inline vf multiply(vf slope, vf d) { return vf_mul(d, slope); }
static void derivative_silu(const float *z, float *d, size_t n) {
    float slope[PIECE];
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t part = n - i < PIECE ? n - i : PIECE;
        map(silu_side, z + i, slope, part);
        unary_sigmoid(slope, slope, part);
        map2(silu_slope, z + i, slope, part);
        map2(multiply, slope, d + i, part);
    }
}

/* Phi(z) + z*phi(z): Phi is gelu(z)/z (1/2 near 0), phi is exp(-z^2/2)/sqrt(2 pi), where what rounding z^2 loses is put back to first order. */
static inline vf gelu_input(vf z) { return between(z, 16.0f); }
static inline vf gelu_exponent(vf c) { return vf_mul(vf_set(-0.5f), vf_mul(c, c)); }
static inline vf gelu_distribution(vf c, vf gelu) { return vf_select(vf_less(vf_abs(c), vf_set(0x1p-26f)), vf_set(0.5f), vf_div(gelu, c)); }
static inline vf gelu_density(vf c, vf e) { /* times z */
    const vf lost = vf_fma(c, c, vf_negate(vf_mul(c, c)));
    return vf_mul(vf_mul(c, vf_set(GD_NORMAL_HEIGHT)), vf_fma(e, vf_mul(vf_set(-0.5f), lost), e));
}
static void derivative_gelu(const float *z, float *d, size_t n) {
    float c[PIECE], slope[PIECE], density[PIECE];
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t part = n - i < PIECE ? n - i : PIECE;
        map(gelu_input, z + i, c, part);
        unary_gelu(c, slope, part);
        map2(gelu_distribution, c, slope, part);
        map(gelu_exponent, c, density, part);
        unary_exp(density, density, part);
        map2(gelu_density, c, density, part);
        add(slope, density, part);
        map2(multiply, slope, d + i, part);
    }
}
