/* Textbook optimizers in double precision. */
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
