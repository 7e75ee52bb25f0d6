/* Textbook activations, their derivatives and products in double precision. */
#include "oracle/oracle.h"

#include <math.h>

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double gelu(double x) { return x / 2 * erfc(-x / sqrt(2)); }
static double rsqrt(double x) { return 1 / sqrt(x); }
static double silu(double x) { return x * sigmoid(x); }
static double relu(double x) { return fmax(x, 0); }
static double leaky_relu(double x) { return fmax(x, 0) + 0.01 * fmin(x, 0); }
static double elu(double x) { return x > 0 ? x : expm1(x); }
static double selu(double x) { return 1.0507009873554804934193349852946 * (x > 0 ? x : 1.6732632423543772848170429916717 * expm1(x)); }

#define FUNCTION(NAME, name) [GD_UNARY_##NAME] = name,
double (*const gd_oracle_unary[GD_UNARY_COUNT])(double) = {GD_UNARY_MAP(FUNCTION)};

/* 1 - tanh^2 and s(1 - s), in forms that lose nothing where the function saturates. */
static double tanh_derivative(double x) { return 1 / (cosh(x) * cosh(x)); }
static double sigmoid_derivative(double x) { return sigmoid(x) * sigmoid(-x); }
static double relu_derivative(double x) { return x > 0 ? 1 : 0; }
static double leaky_relu_derivative(double x) { return x > 0 ? 1 : 0.01; }
static double elu_derivative(double x) { return x > 0 ? 1 : exp(x); }
static double selu_derivative(double x) { return 1.0507009873554804934193349852946 * (x > 0 ? 1 : 1.6732632423543772848170429916717 * exp(x)); }
static double softplus_derivative(double x) { return sigmoid(x); }
static double silu_derivative(double x) { return sigmoid(x) + x * sigmoid(x) * sigmoid(-x); }
static double gelu_derivative(double x) { return erfc(-x / sqrt(2)) / 2 + x * exp(-x * x / 2) / sqrt(2 * acos(-1)); }

#define DERIVATIVE(NAME, name, from_input) [GD_DERIVATIVE_##NAME] = name##_derivative,
double (*const gd_oracle_derivative[GD_DERIVATIVE_COUNT])(double) = {GD_DERIVATIVE_MAP(DERIVATIVE)};

void gd_oracle_product(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t b_column, double *c,
                       double *size) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0, magnitude = 0;
            for (size_t p = 0; p < k; p++) {
                const double term = (double)a[i * a_row + p * a_k] * (double)b[p * b_k + j * b_column];
                sum += term;
                magnitude += fabs(term);
            }
            c[i * n + j] = sum;
            if (size) size[i * n + j] = magnitude;
        }
}
