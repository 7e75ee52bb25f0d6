/* The reference's element-wise part: activations and their derivatives (sections 5, 6, 7), the end of a product (section 4). */
#include "reference/reference.h"

#include <math.h>

static float reference_relu(float x) { return x > 0.0f ? x : (x != x ? x : 0.0f); }
static float reference_leaky_relu(float x) { return x > 0.0f ? x : 0.01f * x; }

/* The paper's lambda and lambda*alpha (Klambauer et al. 2017), from its own digits. */
static const float lambda = (float)1.0507009873554804934193349852946,
                   lambda_alpha = (float)(1.0507009873554804934193349852946 * 1.6732632423543772848170429916717);

static float reference_elu(float x) { return x > 0.0f ? x : gd_reference_expm1(x); }
static float reference_selu(float x) { return x > 0.0f ? lambda * x : lambda_alpha * gd_reference_expm1(x); }

#define ELEMENTARY(NAME, name) [GD_UNARY_##NAME] = gd_reference_##name,
float (*const gd_reference_unary[GD_UNARY_COUNT])(float) = {
    GD_ELEMENTARY_MAP(ELEMENTARY)[GD_UNARY_RELU] = reference_relu,
    [GD_UNARY_LEAKY_RELU] = reference_leaky_relu,
    [GD_UNARY_ELU] = reference_elu,
    [GD_UNARY_SELU] = reference_selu,
};

/* By the activation's own output y. */
static float derivative_tanh(float y, float d) { return d * fmaf(-y, y, 1.0f); }
static float derivative_sigmoid(float y, float d) { return d * fmaf(-y, y, y); }
static float derivative_relu(float y, float d) { return y > 0.0f ? d : (y != y ? y : 0.0f); }
static float derivative_leaky_relu(float y, float d) { return y > 0.0f ? d : (y != y ? y : 0.01f * d); }
static float derivative_elu(float y, float d) { return y > 0.0f ? d : d * (y + 1.0f); }
static float derivative_selu(float y, float d) { return d * (y > 0.0f ? lambda : y + lambda_alpha); }
static float derivative_softplus(float y, float d) { return d * -gd_reference_expm1(-y); }

/* By its input z. NaN stays NaN. */
static float between(float z, float limit) { return z < -limit ? -limit : z > limit ? limit : z; }

static float derivative_silu(float z, float d) {
    const float c = between(z, 128.0f), t = gd_reference_sigmoid(-fabsf(c)), u = 1.0f - t;
    return d * fmaf(c, t * u, c < 0.0f ? t : u);
}

static float derivative_gelu(float z, float d) {
    const float c = between(z, 16.0f), square = c * c, lost = fmaf(c, c, -square), e = gd_reference_exp(-0.5f * square);
    const float distribution = fabsf(c) < 0x1p-26f ? 0.5f : gd_reference_gelu(c) / c;
    const float density = (c * (float)0.398942280401432677939946059934) * fmaf(e, -0.5f * lost, e);
    return d * (distribution + density);
}

#define DERIVATIVE(NAME, name, from_input) [GD_DERIVATIVE_##NAME] = derivative_##name,
float (*const gd_reference_derivative[GD_DERIVATIVE_COUNT])(float, float) = {GD_DERIVATIVE_MAP(DERIVATIVE)};

void gd_reference_add(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = y[i] + x[i];
}

void gd_reference_finish(float *c, const float *r, size_t n, float alpha, float beta) {
    for (size_t i = 0; i < n; i++) {
        float t = alpha == 1.0f ? r[i] : alpha * r[i];
        c[i] = beta == 0.0f ? t : fmaf(beta, c[i], t);
    }
}
