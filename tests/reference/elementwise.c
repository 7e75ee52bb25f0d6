/* The reference's element-wise part: activations and their derivatives (sections 5, 6, 7), the end of a product (section 4). */
#include "reference/reference.h"

#include <math.h>

static float reference_relu(float x) { return x > 0.0f ? x : (x != x ? x : 0.0f); }
static float reference_leaky_relu(float x) { return x > 0.0f ? x : 0.01f * x; }

#define ELEMENTARY(NAME, name) [GD_UNARY_##NAME] = gd_reference_##name,
float (*const gd_reference_unary[GD_UNARY_COUNT])(float) = {
    GD_ELEMENTARY_MAP(ELEMENTARY)[GD_UNARY_RELU] = reference_relu,
    [GD_UNARY_LEAKY_RELU] = reference_leaky_relu,
};

/* By the activation's own output y. */
static float derivative_tanh(float y, float d) { return d * fmaf(-y, y, 1.0f); }
static float derivative_sigmoid(float y, float d) { return d * fmaf(-y, y, y); }
static float derivative_relu(float y, float d) { return y > 0.0f ? d : (y != y ? y : 0.0f); }
static float derivative_leaky_relu(float y, float d) { return y > 0.0f ? d : (y != y ? y : 0.01f * d); }

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
