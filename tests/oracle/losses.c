/* Textbook losses in double precision. */
#include "oracle/oracle.h"

#include <math.h>

/* -log of output j of the softmax of a row. */
static double minus_log_softmax(const double *z, size_t outputs, size_t j) {
    double sum = 0;
    for (size_t k = 0; k < outputs; k++) sum += exp(z[k] - z[j]);
    return log(sum);
}

/* Label smoothing as Szegedy et al. 2016 have it, section 7: a part eps of the weight goes to the uniform distribution. */
static double cross_entropy(double eps, const double *z, const double *t, size_t outputs) {
    double given = 0, uniform = 0;
    for (size_t j = 0; j < outputs; j++) {
        given += t[j] * minus_log_softmax(z, outputs, j);
        uniform += minus_log_softmax(z, outputs, j) / (double)outputs;
    }
    return (1 - eps) * given + eps * uniform;
}

/* -log of sigmoid. */
static double minus_log_sigmoid(double z) { return fmax(-z, 0) + log1p(exp(-fabs(z))); }

static double absolute(double e) { return fabs(e); }
static double square(double e) { return e * e; }
static double huber(double e) { return fabs(e) <= 1 ? e * e / 2 : fabs(e) - 0.5; }

static double mean(double (*value)(double), const double *y, const double *t, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += value(y[i] - t[i]);
    return sum / (double)n;
}

double gd_oracle_loss(gradus_loss loss, double label_smoothing, const double *x, const double *targets, size_t samples, size_t outputs) {
    const size_t n = samples * outputs;
    double sum = 0;
    switch (loss) {
    case GRADUS_LOSS_CROSS_ENTROPY:
        for (size_t i = 0; i < samples; i++) sum += cross_entropy(label_smoothing, x + i * outputs, targets + i * outputs, outputs);
        return sum / (double)samples;
    case GRADUS_LOSS_BINARY_CROSS_ENTROPY:
        for (size_t i = 0; i < n; i++) sum += targets[i] * minus_log_sigmoid(x[i]) + (1 - targets[i]) * minus_log_sigmoid(-x[i]);
        return sum / (double)n;
    case GRADUS_LOSS_MSE:
        return mean(square, x, targets, n);
    case GRADUS_LOSS_HALF_MSE:
        return mean(square, x, targets, n) * (double)outputs / 2;
    case GRADUS_LOSS_MAE:
        return mean(absolute, x, targets, n);
    case GRADUS_LOSS_HUBER:
        return mean(huber, x, targets, n);
    default:
        return NAN;
    }
}
