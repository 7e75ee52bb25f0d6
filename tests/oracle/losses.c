/* Textbook losses in double precision. */
#include "oracle/oracle.h"

#include <math.h>

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
