/* Textbook formulas in double precision. */
#include "oracle/oracle.h"

#include <math.h>

/* Gradient descent: w = w - lr g. */
static void oracle_sgd(double *w, const double *g, double *const *states, size_t n, const double *hyper, uint64_t t) {
    (void)states, (void)t;
    for (size_t i = 0; i < n; i++) w[i] -= hyper[GRADUS_LEARNING_RATE] * g[i];
}

/* Polyak 1964 in torch's form: b_1 = g; b_t = mu b_{t-1} + (1 - dampening) g; w = w - lr b. */
static void oracle_momentum(double *w, const double *g, double *const *states, size_t n, const double *hyper, uint64_t t) {
    for (size_t i = 0; i < n; i++) {
        double *b = &states[0][i];
        *b = t == 1 ? g[i] : hyper[GRADUS_MOMENTUM] * *b + (1 - hyper[GRADUS_DAMPENING]) * g[i];
        w[i] -= hyper[GRADUS_LEARNING_RATE] * *b;
    }
}

/* Kingma and Ba 2015, algorithm 1, line by line. */
static void oracle_adam(double *w, const double *g, double *const *states, size_t n, const double *hyper, uint64_t t) {
    const double beta1 = hyper[GRADUS_BETA1], beta2 = hyper[GRADUS_BETA2];
    for (size_t i = 0; i < n; i++) {
        double *m = &states[0][i], *v = &states[1][i];
        *m = beta1 * *m + (1 - beta1) * g[i];
        *v = beta2 * *v + (1 - beta2) * g[i] * g[i];
        const double m_hat = *m / (1 - pow(beta1, (double)t));
        const double v_hat = *v / (1 - pow(beta2, (double)t));
        w[i] -= hyper[GRADUS_LEARNING_RATE] * m_hat / (sqrt(v_hat) + hyper[GRADUS_EPSILON]);
    }
}

#define GRADUS_OPTIMIZER(number, name, NAME, ...) [GD_RULE_##NAME] = oracle_##name,
gd_oracle_rule *const gd_oracle_step[GD_RULE_COUNT] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double relu(double x) { return fmax(x, 0); }

double (*const gd_oracle_unary[GD_UNARY_COUNT])(double) = {
    [GD_UNARY_EXP] = exp, [GD_UNARY_LOG] = log, [GD_UNARY_TANH] = tanh, [GD_UNARY_SIGMOID] = sigmoid, [GD_UNARY_RELU] = relu};

/* 1 - tanh^2 and s(1 - s), in forms that lose nothing where the function saturates. */
static double tanh_derivative(double x) { return 1 / (cosh(x) * cosh(x)); }
static double sigmoid_derivative(double x) { return sigmoid(x) * sigmoid(-x); }
static double relu_derivative(double x) { return x > 0 ? 1 : 0; }

double (*const gd_oracle_derivative[GD_DERIVATIVE_COUNT])(double) = {
    [GD_DERIVATIVE_TANH] = tanh_derivative, [GD_DERIVATIVE_SIGMOID] = sigmoid_derivative, [GD_DERIVATIVE_RELU] = relu_derivative};

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

double gd_oracle_cross_entropy(const double *z, const uint8_t *labels, size_t samples, size_t outputs) {
    double loss = 0;
    for (size_t i = 0; i < samples; i++) {
        const double *row = z + i * outputs;
        double sum = 0;
        for (size_t j = 0; j < outputs; j++) sum += exp(row[j] - row[labels[i]]);
        loss += log(sum);
    }
    return loss / (double)samples;
}

double gd_oracle_mse(const double *y, const double *targets, size_t samples, size_t outputs) {
    double loss = 0;
    for (size_t i = 0; i < samples * outputs; i++) loss += (y[i] - targets[i]) * (y[i] - targets[i]);
    return loss / (double)(samples * outputs);
}
