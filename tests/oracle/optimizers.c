/* Textbook optimizers in double precision, each as its paper or its framework's documentation states it. */
#include "oracle/oracle.h"

#include <math.h>

/* Every function has the same arguments: weights, gradients, states, their number, hyper-parameters, the step from 1. */
#define ORACLE(name) static void oracle_##name(double *w, const double *g, double *const *states, size_t n, const double *h, uint64_t t)
#define UNUSED (void)states, (void)t

/* L2 regularisation: the gradient of weight_decay/2 |w|^2 is added to the loss's. */
static double regularised(const double *w, const double *g, const double *h, size_t i) { return g[i] + h[GRADUS_WEIGHT_DECAY] * w[i]; }

/* Decoupled weight decay (Loshchilov and Hutter 2019): w shrinks by lr*weight_decay of itself before the step. */
static void shrink(double *w, const double *h, size_t i) { w[i] -= h[GRADUS_LEARNING_RATE] * h[GRADUS_WEIGHT_DECAY] * w[i]; }

ORACLE(sgd_torch) {
    UNUSED;
    for (size_t i = 0; i < n; i++) w[i] -= h[GRADUS_LEARNING_RATE] * regularised(w, g, h, i);
}

ORACLE(sgd_keras) {
    UNUSED;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        w[i] -= h[GRADUS_LEARNING_RATE] * g[i];
    }
}

/* Before each step the learning rate is multiplied by the factor. */
ORACLE(sgd_seed004) {
    (void)states;
    double rate = h[GRADUS_LEARNING_RATE];
    for (uint64_t step = 0; step < t; step++) rate *= h[GRADUS_LEARNING_RATE_FACTOR];
    for (size_t i = 0; i < n; i++) w[i] -= rate * g[i];
}

/* b_1 = g; b_t = mu b_{t-1} + (1 - dampening) g; w = w - lr b. */
ORACLE(momentum_torch) {
    for (size_t i = 0; i < n; i++) {
        double *b = &states[0][i], grad = regularised(w, g, h, i);
        *b = t == 1 ? grad : h[GRADUS_MOMENTUM] * *b + (1 - h[GRADUS_DAMPENING]) * grad;
        w[i] -= h[GRADUS_LEARNING_RATE] * *b;
    }
}

/* velocity = momentum*velocity - lr*g; w = w + velocity. */
ORACLE(momentum_keras) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        states[0][i] = h[GRADUS_MOMENTUM] * states[0][i] - h[GRADUS_LEARNING_RATE] * g[i];
        w[i] += states[0][i];
    }
}

ORACLE(momentum_seed003) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        states[0][i] = h[GRADUS_MOMENTUM] * states[0][i] + (1 - h[GRADUS_MOMENTUM]) * g[i];
        w[i] -= h[GRADUS_LEARNING_RATE] * states[0][i];
    }
}

/* g + mu*b takes b's place in the step. */
ORACLE(nesterov_torch) {
    for (size_t i = 0; i < n; i++) {
        double *b = &states[0][i], grad = regularised(w, g, h, i);
        *b = t == 1 ? grad : h[GRADUS_MOMENTUM] * *b + grad;
        w[i] -= h[GRADUS_LEARNING_RATE] * (grad + h[GRADUS_MOMENTUM] * *b);
    }
}

/* velocity = momentum*velocity - lr*g; w = w + momentum*velocity - lr*g. */
ORACLE(nesterov_keras) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        states[0][i] = h[GRADUS_MOMENTUM] * states[0][i] - h[GRADUS_LEARNING_RATE] * g[i];
        w[i] += h[GRADUS_MOMENTUM] * states[0][i] - h[GRADUS_LEARNING_RATE] * g[i];
    }
}

/* The accumulator starts at its initial value. */
static double accumulate(double *sum, double g, const double *h, uint64_t t) {
    if (t == 1) *sum = h[GRADUS_INITIAL_ACCUMULATOR];
    return *sum += g * g;
}

ORACLE(adagrad_torch) {
    const double rate = h[GRADUS_LEARNING_RATE] / (1 + (double)(t - 1) * h[GRADUS_LEARNING_RATE_DECAY]);
    for (size_t i = 0; i < n; i++) {
        const double grad = regularised(w, g, h, i);
        w[i] -= rate * grad / (sqrt(accumulate(&states[0][i], grad, h, t)) + h[GRADUS_EPSILON]);
    }
}

ORACLE(adagrad_keras) {
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        w[i] -= h[GRADUS_LEARNING_RATE] * g[i] / sqrt(accumulate(&states[0][i], g[i], h, t) + h[GRADUS_EPSILON]);
    }
}

ORACLE(adagrad_optax) {
    for (size_t i = 0; i < n; i++) {
        const double sum = accumulate(&states[0][i], g[i], h, t);
        w[i] -= h[GRADUS_LEARNING_RATE] * (sum > 0 ? g[i] / sqrt(sum + h[GRADUS_EPSILON]) : 0);
    }
}

ORACLE(adagrad_seed002) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        states[0][i] += g[i] * g[i];
        w[i] -= h[GRADUS_LEARNING_RATE] * g[i] / (sqrt(states[0][i]) + h[GRADUS_EPSILON]);
    }
}

/* An exponential moving average. */
static double average(double *old, double value, double keep) { return *old = keep * *old + (1 - keep) * value; }

ORACLE(rmsprop_torch) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        const double grad = regularised(w, g, h, i), v = average(&states[0][i], grad * grad, h[GRADUS_ALPHA]);
        w[i] -= h[GRADUS_LEARNING_RATE] * grad / (sqrt(v) + h[GRADUS_EPSILON]);
    }
}

ORACLE(rmsprop_keras) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        w[i] -= h[GRADUS_LEARNING_RATE] * g[i] / sqrt(average(&states[0][i], g[i] * g[i], h[GRADUS_ALPHA]) + h[GRADUS_EPSILON]);
    }
}

ORACLE(rmsprop_optax) {
    (void)t;
    for (size_t i = 0; i < n; i++)
        w[i] -= h[GRADUS_LEARNING_RATE] * (g[i] / sqrt(average(&states[0][i], g[i] * g[i], h[GRADUS_ALPHA]) + h[GRADUS_EPSILON]));
}

ORACLE(rmsprop_seed001) {
    (void)t;
    for (size_t i = 0; i < n; i++)
        w[i] -= h[GRADUS_LEARNING_RATE] * g[i] / (sqrt(average(&states[0][i], g[i] * g[i], h[GRADUS_ALPHA])) + h[GRADUS_EPSILON]);
}

ORACLE(rmsprop_momentum_torch) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        const double grad = regularised(w, g, h, i), v = average(&states[0][i], grad * grad, h[GRADUS_ALPHA]);
        states[1][i] = h[GRADUS_MOMENTUM] * states[1][i] + grad / (sqrt(v) + h[GRADUS_EPSILON]);
        w[i] -= h[GRADUS_LEARNING_RATE] * states[1][i];
    }
}

ORACLE(rmsprop_momentum_keras) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        const double v = average(&states[0][i], g[i] * g[i], h[GRADUS_ALPHA]);
        states[1][i] = h[GRADUS_MOMENTUM] * states[1][i] + h[GRADUS_LEARNING_RATE] * g[i] / sqrt(v + h[GRADUS_EPSILON]);
        w[i] -= states[1][i];
    }
}

/* The estimated variance of the gradient: mean of squares minus square of the mean. */
static double variance(double *const *states, double g, const double *h, size_t i) {
    const double v = average(&states[0][i], g * g, h[GRADUS_ALPHA]), mean = average(&states[1][i], g, h[GRADUS_ALPHA]);
    return v - mean * mean;
}

ORACLE(rmsprop_centered_torch) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        const double grad = regularised(w, g, h, i);
        w[i] -= h[GRADUS_LEARNING_RATE] * grad / (sqrt(variance(states, grad, h, i)) + h[GRADUS_EPSILON]);
    }
}

ORACLE(rmsprop_centered_keras) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        w[i] -= h[GRADUS_LEARNING_RATE] * g[i] / sqrt(variance(states, g[i], h, i) + h[GRADUS_EPSILON]);
    }
}

ORACLE(rmsprop_centered_momentum_torch) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        const double grad = regularised(w, g, h, i);
        states[2][i] = h[GRADUS_MOMENTUM] * states[2][i] + grad / (sqrt(variance(states, grad, h, i)) + h[GRADUS_EPSILON]);
        w[i] -= h[GRADUS_LEARNING_RATE] * states[2][i];
    }
}

ORACLE(rmsprop_centered_momentum_keras) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        const double root = sqrt(variance(states, g[i], h, i) + h[GRADUS_EPSILON]);
        states[2][i] = h[GRADUS_MOMENTUM] * states[2][i] + h[GRADUS_LEARNING_RATE] * g[i] / root;
        w[i] -= states[2][i];
    }
}

/* Kingma and Ba 2015, algorithm 1, line by line. */
static void adam(double *w, double g, double *const *states, size_t i, const double *h, uint64_t t) {
    const double m = average(&states[0][i], g, h[GRADUS_BETA1]), v = average(&states[1][i], g * g, h[GRADUS_BETA2]);
    const double m_hat = m / (1 - pow(h[GRADUS_BETA1], (double)t)), v_hat = v / (1 - pow(h[GRADUS_BETA2], (double)t));
    w[i] -= h[GRADUS_LEARNING_RATE] * m_hat / (sqrt(v_hat) + h[GRADUS_EPSILON]);
}

/* The remark at the end of the paper's section 2: alpha_t = alpha sqrt(1 - beta2^t)/(1 - beta1^t), and "epsilon hat". */
static double hat_rate(const double *h, uint64_t t) {
    return h[GRADUS_LEARNING_RATE] * sqrt(1 - pow(h[GRADUS_BETA2], (double)t)) / (1 - pow(h[GRADUS_BETA1], (double)t));
}

static void adam_hat(double *w, double g, double *const *states, size_t i, const double *h, uint64_t t) {
    const double m = average(&states[0][i], g, h[GRADUS_BETA1]), v = average(&states[1][i], g * g, h[GRADUS_BETA2]);
    w[i] -= hat_rate(h, t) * m / (sqrt(v) + h[GRADUS_EPSILON]);
}

/* optax: a second epsilon, inside the root. */
static double adam_root(double g, double *const *states, size_t i, const double *h, uint64_t t) {
    const double m = average(&states[0][i], g, h[GRADUS_BETA1]), v = average(&states[1][i], g * g, h[GRADUS_BETA2]);
    const double m_hat = m / (1 - pow(h[GRADUS_BETA1], (double)t)), v_hat = v / (1 - pow(h[GRADUS_BETA2], (double)t));
    return m_hat / (sqrt(v_hat + h[GRADUS_EPSILON_ROOT]) + h[GRADUS_EPSILON]);
}

ORACLE(adam_torch) {
    for (size_t i = 0; i < n; i++) adam(w, regularised(w, g, h, i), states, i, h, t);
}

ORACLE(adam_seed001) {
    for (size_t i = 0; i < n; i++) adam(w, g[i], states, i, h, t);
}

ORACLE(adam_keras) {
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        adam_hat(w, g[i], states, i, h, t);
    }
}

ORACLE(adam_optax) {
    for (size_t i = 0; i < n; i++) w[i] -= h[GRADUS_LEARNING_RATE] * adam_root(g[i], states, i, h, t);
}

ORACLE(adam_seed000) {
    (void)t;
    for (size_t i = 0; i < n; i++) {
        const double m = average(&states[0][i], g[i], h[GRADUS_BETA1]), v = average(&states[1][i], g[i] * g[i], h[GRADUS_BETA2]);
        w[i] -= h[GRADUS_LEARNING_RATE] * m / sqrt(v + h[GRADUS_EPSILON]);
    }
}

ORACLE(adamw_torch) {
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        adam(w, g[i], states, i, h, t);
    }
}

ORACLE(adamw_keras) { oracle_adam_keras(w, g, states, n, h, t); }

/* optax adds weight_decay*w to the direction: the same as shrinking w first. */
ORACLE(adamw_optax) {
    for (size_t i = 0; i < n; i++) w[i] -= h[GRADUS_LEARNING_RATE] * (adam_root(g[i], states, i, h, t) + h[GRADUS_WEIGHT_DECAY] * w[i]);
}

/* Reddi, Kale and Kumar 2018, algorithm 2, with Adam's bias corrections. */
ORACLE(amsgrad_torch) {
    for (size_t i = 0; i < n; i++) {
        const double grad = regularised(w, g, h, i);
        const double m = average(&states[0][i], grad, h[GRADUS_BETA1]), v = average(&states[1][i], grad * grad, h[GRADUS_BETA2]);
        states[2][i] = fmax(states[2][i], v);
        const double m_hat = m / (1 - pow(h[GRADUS_BETA1], (double)t)), v_hat = states[2][i] / (1 - pow(h[GRADUS_BETA2], (double)t));
        w[i] -= h[GRADUS_LEARNING_RATE] * m_hat / (sqrt(v_hat) + h[GRADUS_EPSILON]);
    }
}

ORACLE(amsgrad_keras) {
    for (size_t i = 0; i < n; i++) {
        shrink(w, h, i);
        const double m = average(&states[0][i], g[i], h[GRADUS_BETA1]), v = average(&states[1][i], g[i] * g[i], h[GRADUS_BETA2]);
        states[2][i] = fmax(states[2][i], v);
        w[i] -= hat_rate(h, t) * m / (sqrt(states[2][i]) + h[GRADUS_EPSILON]);
    }
}

#define GRADUS_OPTIMIZER(number, name, NAME, variant, ...) [GD_ALGORITHM_##NAME] = oracle_##name##_##variant,
#define GRADUS_VARIANT(number, name, ID, variant, ...) [GD_ALGORITHM_##ID] = oracle_##name##_##variant,
gd_oracle_rule *const gd_oracle_step[GD_ALGORITHM_COUNT] = {
#include <gradus/optimizers.def>
};
