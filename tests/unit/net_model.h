/* A dense net in double precision, written from the textbook (Goodfellow, Bengio and Courville 2016, section 6.5), with a bound on what fp32 rounding
 * does to each value: every number travels with the error that the contract's arithmetic makes by then, to first order. Roundings are taken as
 * independent, so they add up as squares (Higham and Mary 2019); a difference of more than MOST_ERRORS of these is an error of the code. */
#ifndef TESTS_NET_MODEL_H
#define TESTS_NET_MODEL_H

#include "nets.h"

static const double UNIT = 0x1p-24; /* half an ulp of 1 */
static const double MOST_ERRORS = 4.0;

/* Numbers, each with the size of its fp32 counterpart's error. */
typedef struct values {
    double *at, *error;
} values;

static inline values values_make(size_t count) {
    const values v = {calloc(count + 1, sizeof(double)), calloc(count + 1, sizeof(double))};
    cr_assert(v.at && v.error);
    return v;
}

static inline void values_free(values v) {
    free(v.at);
    free(v.error);
}

typedef struct net_model {
    net_shape shape;
    size_t samples;
    values inputs, z[MOST_LAYERS], y[MOST_LAYERS], d[MOST_LAYERS]; /* [samples][width]: sums, outputs, gradient by the sums */
    values parameters[MOST_TENSORS], gradients[MOST_TENSORS];
    const sample_set *set;
    double loss, loss_error;
} net_model;

static inline double square(double x) { return x * x; }

/* Of a chain over k products in blocks of 256, with the bias, in units of the terms' magnitudes. */
static inline double chain_error(size_t k) { return UNIT * (sqrt((double)(k < 256 ? k : 256)) + sqrt((double)((k + 255) / 256)) + 1.0); }

/* Of a sum over n samples in leaves of 64 and their tree. */
static inline double batch_error(size_t n) { return UNIT * (sqrt((double)(n < 64 ? n : 64)) + log2((double)((n + 63) / 64)) + 1.0); }

static inline net_model model_make(const net_shape *shape, const tensor_list *parameters, const sample_set *set) {
    net_model m;
    memset(&m, 0, sizeof m);
    m.shape = *shape;
    m.samples = set->batch.samples;
    m.set = set;
    m.inputs = values_make(m.samples * shape->inputs);
    for (size_t s = 0; s < m.samples; s++)
        for (size_t i = 0; i < shape->inputs; i++) {
            const size_t at = s * (size_t)set->batch.inputs.row_stride + i;
            const bool bytes = set->batch.inputs.dtype == GRADUS_DTYPE_U8;
            m.inputs.at[s * shape->inputs + i] = bytes ? set->bytes[at] / 255.0 : set->floats[at];
            m.inputs.error[s * shape->inputs + i] = bytes ? 2.0 * UNIT * set->bytes[at] / 255.0 : 0.0;
        }
    for (size_t l = 0; l < shape->layers; l++) {
        m.z[l] = values_make(m.samples * shape->outputs[l]);
        m.y[l] = values_make(m.samples * shape->outputs[l]);
        m.d[l] = values_make(m.samples * shape->outputs[l]);
    }
    for (size_t t = 0; t < parameters->count; t++) {
        const size_t rows = parameters->tensors[t].rows, columns = parameters->tensors[t].columns;
        m.parameters[t] = values_make(rows * columns);
        m.gradients[t] = values_make(rows * columns);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) m.parameters[t].at[i * columns + j] = *list_at(parameters, t, i, j);
    }
    return m;
}

static inline void model_free(net_model *m) {
    values_free(m->inputs);
    for (size_t l = 0; l < m->shape.layers; l++) {
        values_free(m->z[l]);
        values_free(m->y[l]);
        values_free(m->d[l]);
        values_free(m->parameters[2 * l]);
        values_free(m->parameters[2 * l + 1]);
        values_free(m->gradients[2 * l]);
        values_free(m->gradients[2 * l + 1]);
    }
}

static inline values layer_input_values(const net_model *m, size_t l) { return l == 0 ? m->inputs : m->y[l - 1]; }

/* -- forward -- */

static inline void activate(gradus_activation activation, double z, double error, double *y, double *y_error) {
    *y = z;
    *y_error = error;
    if (activation == GRADUS_ACTIVATION_RELU) *y = z > 0.0 ? z : 0.0;
    if (activation == GRADUS_ACTIVATION_TANH) *y = tanh(z);
    if (activation == GRADUS_ACTIVATION_SIGMOID) {
        *y = 1.0 / (1.0 + exp(-z));
        *y_error = 0.25 * error;
    }
    *y_error += UNIT * fabs(*y);
}

static inline void softmax_row(const double *z, const double *z_error, size_t n, double *y, double *y_error) {
    double greatest = z[0], least = z[0], sum = 0.0, mean_error = 0.0;
    for (size_t j = 1; j < n; j++) {
        greatest = z[j] > greatest ? z[j] : greatest;
        least = z[j] < least ? z[j] : least;
    }
    for (size_t j = 0; j < n; j++) sum += exp(z[j] - greatest);
    for (size_t j = 0; j < n; j++) y[j] = exp(z[j] - greatest) / sum;
    for (size_t j = 0; j < n; j++) mean_error += y[j] * z_error[j];
    for (size_t j = 0; j < n; j++)
        y_error[j] = n == 1 ? 0.0 : y[j] * (z_error[j] + mean_error + UNIT * (2.0 * (greatest - least) + (double)n / 16.0 + 9.0));
}

static inline void forward_layer(net_model *m, size_t l) {
    const size_t inputs = layer_inputs(&m->shape, l), outputs = m->shape.outputs[l];
    const values x = layer_input_values(m, l);
    const double *w = m->parameters[2 * l].at, *b = m->parameters[2 * l + 1].at;
    for (size_t s = 0; s < m->samples; s++) {
        for (size_t j = 0; j < outputs; j++) {
            double sum = b[j], size = fabs(b[j]), error = 0.0;
            for (size_t i = 0; i < inputs; i++) {
                sum += x.at[s * inputs + i] * w[i * outputs + j];
                size += fabs(x.at[s * inputs + i] * w[i * outputs + j]);
                error += square(x.error[s * inputs + i] * w[i * outputs + j]);
            }
            const size_t at = s * outputs + j;
            m->z[l].at[at] = sum;
            m->z[l].error[at] = sqrt(error) + chain_error(inputs) * size + UNIT * fabs(sum);
            activate(m->shape.activations[l], m->z[l].at[at], m->z[l].error[at], &m->y[l].at[at], &m->y[l].error[at]);
        }
        if (m->shape.activations[l] == GRADUS_ACTIVATION_SOFTMAX)
            softmax_row(m->z[l].at + s * outputs, m->z[l].error + s * outputs, outputs, m->y[l].at + s * outputs, m->y[l].error + s * outputs);
    }
}

/* The mean loss; d of the last layer by its outputs (mse) or its sums (cross-entropy). */
static inline void score(net_model *m) {
    const size_t last = m->shape.layers - 1, outputs = m->shape.outputs[last];
    const values y = m->y[last], z = m->z[last], d = m->d[last];
    const bool mse = m->shape.loss == GRADUS_LOSS_MSE;
    const double scale = 1.0 / ((double)m->samples * (mse ? (double)outputs : 1.0));
    m->loss = m->loss_error = 0.0;
    for (size_t s = 0; s < m->samples; s++)
        for (size_t j = 0; j < outputs; j++) {
            const size_t at = s * outputs + j;
            const double target = mse ? m->set->targets[s * (size_t)m->set->batch.targets.row_stride + j] : m->set->labels[s] == j;
            const double difference = y.at[at] - target, error = y.error[at] + UNIT * fabs(difference), factor = mse ? 2.0 * scale : scale;
            d.at[at] = factor * difference;
            d.error[at] = factor * error + 3.0 * UNIT * fabs(d.at[at]);
            if (mse) m->loss += scale * difference * difference;
            if (mse) m->loss_error += scale * 2.0 * fabs(difference) * error;
            if (!mse && target == 1.0) m->loss -= scale * log(y.at[at]);
            if (!mse && target == 1.0) m->loss_error += scale * (y.error[at] / y.at[at] + UNIT * (fabs(log(y.at[at])) + 2.0 * fabs(z.at[at]) + 2.0));
        }
    m->loss_error += 1e-13 * fabs(m->loss) + 1e-300;
}

static inline void model_forward(net_model *m) {
    for (size_t l = 0; l < m->shape.layers; l++) forward_layer(m, l);
    score(m);
}

/* -- backward -- */

/* d = d * f'(z). A relu whose sum is within its error of 0 may go either way. */
static inline void derive(gradus_activation activation, double z, double z_error, double y, double y_error, double *d, double *d_error) {
    double slope = 1.0, slope_error = 0.0;
    if (activation == GRADUS_ACTIVATION_RELU) {
        slope = z > 0.0;
        slope_error = fabs(z) <= MOST_ERRORS * z_error;
    }
    if (activation == GRADUS_ACTIVATION_TANH) {
        slope = 1.0 - y * y;
        slope_error = 2.0 * fabs(y) * y_error + y_error * y_error + UNIT * slope;
    }
    if (activation == GRADUS_ACTIVATION_SIGMOID) {
        slope = y * (1.0 - y);
        slope_error = y_error + y_error * y_error + 2.0 * UNIT * slope;
    }
    *d_error = slope * *d_error + (fabs(*d) + *d_error) * slope_error + UNIT * fabs(*d * slope);
    *d *= slope;
}

static inline void derive_layer(net_model *m, size_t l) {
    for (size_t at = 0; at < m->samples * m->shape.outputs[l]; at++)
        derive(m->shape.activations[l], m->z[l].at[at], m->z[l].error[at], m->y[l].at[at], m->y[l].error[at], &m->d[l].at[at], &m->d[l].error[at]);
}

static inline void backward_weights(net_model *m, size_t l) {
    const size_t inputs = layer_inputs(&m->shape, l), outputs = m->shape.outputs[l];
    const values x = layer_input_values(m, l), d = m->d[l];
    for (size_t i = 0; i <= inputs; i++) /* the bias is one more input that is always 1 */
        for (size_t j = 0; j < outputs; j++) {
            double sum = 0.0, size = 0.0, error = 0.0;
            for (size_t s = 0; s < m->samples; s++) {
                const double xi = i < inputs ? x.at[s * inputs + i] : 1.0, xi_error = i < inputs ? x.error[s * inputs + i] : 0.0;
                const double dj = d.at[s * outputs + j], dj_error = d.error[s * outputs + j];
                sum += xi * dj;
                size += fabs(xi * dj);
                error += square((fabs(xi) + xi_error) * dj_error + xi_error * fabs(dj));
            }
            const values out = m->gradients[i < inputs ? 2 * l : 2 * l + 1];
            const size_t at = (i < inputs ? i * outputs : 0) + j;
            out.at[at] = sum;
            out.error[at] = sqrt(error) + batch_error(m->samples) * size;
        }
}

static inline void backward_inputs(net_model *m, size_t l) {
    const size_t inputs = layer_inputs(&m->shape, l), outputs = m->shape.outputs[l];
    const double *w = m->parameters[2 * l].at;
    for (size_t s = 0; s < m->samples; s++)
        for (size_t i = 0; i < inputs; i++) {
            double sum = 0.0, size = 0.0, error = 0.0;
            for (size_t j = 0; j < outputs; j++) {
                sum += w[i * outputs + j] * m->d[l].at[s * outputs + j];
                size += fabs(w[i * outputs + j] * m->d[l].at[s * outputs + j]);
                error += square(w[i * outputs + j] * m->d[l].error[s * outputs + j]);
            }
            m->d[l - 1].at[s * inputs + i] = sum;
            m->d[l - 1].error[s * inputs + i] = sqrt(error) + chain_error(outputs) * size;
        }
}

/* After model_forward. */
static inline void model_backward(net_model *m) {
    if (m->shape.loss == GRADUS_LOSS_MSE) derive_layer(m, m->shape.layers - 1);
    for (size_t l = m->shape.layers; l-- > 0;) {
        backward_weights(m, l);
        if (l > 0) backward_inputs(m, l);
        if (l > 0) derive_layer(m, l - 1);
    }
}

/* The last term: results under the least normal number. */
static inline bool within(double found, double wanted, double error) { return fabs(found - wanted) <= MOST_ERRORS * error + 1e-37; }

#endif
