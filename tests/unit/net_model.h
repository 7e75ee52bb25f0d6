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

static inline double logistic(double z) { return 1.0 / (1.0 + exp(-z)); }
static const double SELU_LAMBDA = 1.0507009873554804934193349852946, SELU_ALPHA = 1.6732632423543772848170429916717;

/* The function's value, the most that an error of z grows to, and how often it is rounded. */
static inline void activate(gradus_activation activation, double z, double error, double *y, double *y_error) {
    double steepest = 1.0, roundings = 1.0;
    switch (activation) {
    case GRADUS_ACTIVATION_RELU:
        *y = z > 0.0 ? z : 0.0;
        break;
    case GRADUS_ACTIVATION_TANH:
        *y = tanh(z);
        break;
    case GRADUS_ACTIVATION_SIGMOID:
        *y = logistic(z);
        steepest = 0.25;
        break;
    case GRADUS_ACTIVATION_LEAKY_RELU:
        *y = z > 0.0 ? z : 0.01 * z;
        roundings = 2.0;
        break;
    case GRADUS_ACTIVATION_ELU:
        *y = z > 0.0 ? z : expm1(z);
        break;
    case GRADUS_ACTIVATION_SELU:
        *y = SELU_LAMBDA * (z > 0.0 ? z : SELU_ALPHA * expm1(z));
        steepest = SELU_LAMBDA * SELU_ALPHA;
        roundings = 3.0;
        break;
    case GRADUS_ACTIVATION_SOFTPLUS:
        *y = log1p(exp(z));
        break;
    case GRADUS_ACTIVATION_SILU:
        *y = z * logistic(z);
        steepest = 1.1;
        break;
    case GRADUS_ACTIVATION_GELU:
        *y = z * erfc(-z / sqrt(2.0)) / 2.0;
        steepest = 1.13;
        break;
    default:
        *y = z;
    }
    *y_error = steepest * error + roundings * UNIT * fabs(*y);
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

static inline double model_target(const net_model *m, size_t s, size_t j) {
    const size_t outputs = last_outputs(&m->shape);
    double target = m->set->labels[s] == j;
    if (m->set->batch.targets.dtype == GRADUS_DTYPE_F32)
        target = m->set->targets[s * (size_t)m->set->batch.targets.row_stride + j];
    else if (outputs == 1 && m->shape.loss != GRADUS_LOSS_CROSS_ENTROPY)
        target = m->set->labels[s];
    return (1.0 - m->shape.label_smoothing) * target + m->shape.label_smoothing / (double)outputs;
}

/* An output's part of the loss and its slope, by the logit (the cross-entropies; total: the row's targets added up) or by the output, each with its
 * error. */
typedef struct part {
    double value, value_error, slope, slope_error;
} part;

static inline part cross_entropy_part(double z, double y, double y_error, double t, double total) {
    return (part){-t * log(y), t * (y_error / y + UNIT * (fabs(log(y)) + 2.0 * fabs(z) + 2.0)), y * total - t,
                  y_error * total + UNIT * (2.0 * y * total + 2.0 * fabs(t))};
}

static inline part binary_part(double z, double z_error, double y, double y_error, double t) {
    const double logarithm = log1p(exp(-fabs(z)));
    return (part){fmax(z, 0.0) - z * t + logarithm, fabs(y - t) * z_error + z_error * z_error + UNIT * logarithm, y - t,
                  y_error + UNIT * fabs(y - t)};
}

static inline part error_part(gradus_loss loss, double e, double error) {
    switch (loss) {
    case GRADUS_LOSS_MSE:
        return (part){e * e, 2.0 * fabs(e) * error, 2.0 * e, 2.0 * error};
    case GRADUS_LOSS_HALF_MSE:
        return (part){e * e / 2.0, fabs(e) * error, e, error};
    case GRADUS_LOSS_MAE: /* an error that may be of either sign has either slope */
        return (part){fabs(e), error, e > 0.0 ? 1.0 : e < 0.0 ? -1.0 : 0.0, fabs(e) <= MOST_ERRORS * error ? 2.0 : 0.0};
    default: /* huber */
        return (part){fabs(e) <= 1.0 ? e * e / 2.0 : fabs(e) - 0.5, error, e > 1.0 ? 1.0 : e < -1.0 ? -1.0 : e, error};
    }
}

/* The mean loss; d of the last layer by its sums (the cross-entropies) or its outputs. */
static inline void score(net_model *m) {
    const size_t last = m->shape.layers - 1, outputs = m->shape.outputs[last];
    const values y = m->y[last], z = m->z[last], d = m->d[last];
    const gradus_loss loss = m->shape.loss;
    const bool by_samples = loss == GRADUS_LOSS_CROSS_ENTROPY || loss == GRADUS_LOSS_HALF_MSE;
    const double scale = 1.0 / ((double)m->samples * (by_samples ? 1.0 : (double)outputs));
    m->loss = m->loss_error = 0.0;
    for (size_t s = 0; s < m->samples; s++) {
        double total = 0.0;
        for (size_t j = 0; j < outputs; j++) total += model_target(m, s, j);
        for (size_t j = 0; j < outputs; j++) {
            const size_t at = s * outputs + j;
            const double t = model_target(m, s, j), e = y.at[at] - t;
            part p = error_part(loss, e, y.error[at] + UNIT * fabs(e));
            if (loss == GRADUS_LOSS_CROSS_ENTROPY) p = cross_entropy_part(z.at[at], y.at[at], y.error[at], t, total);
            if (loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY) p = binary_part(z.at[at], z.error[at], y.at[at], y.error[at], t);
            m->loss += scale * p.value;
            m->loss_error += scale * p.value_error;
            d.at[at] = scale * p.slope;
            d.error[at] = scale * p.slope_error + 3.0 * UNIT * fabs(d.at[at]);
        }
    }
    m->loss_error += 1e-13 * fabs(m->loss) + 1e-300;
}

static inline void model_forward(net_model *m) {
    for (size_t l = 0; l < m->shape.layers; l++) forward_layer(m, l);
    score(m);
}

/* -- backward -- */

/* d = d * f'(z). Where the slope jumps at 0, a sum within its error of 0 may go either way. */
static inline void derive(gradus_activation activation, double z, double z_error, double y, double y_error, double *d, double *d_error) {
    const bool undecided = fabs(z) <= MOST_ERRORS * z_error;
    double slope = 1.0, slope_error = 0.0;
    switch (activation) {
    case GRADUS_ACTIVATION_RELU:
        slope = z > 0.0;
        slope_error = undecided;
        break;
    case GRADUS_ACTIVATION_TANH:
        slope = 1.0 - y * y;
        slope_error = 2.0 * fabs(y) * y_error + y_error * y_error + UNIT * slope;
        break;
    case GRADUS_ACTIVATION_SIGMOID:
        slope = y * (1.0 - y);
        slope_error = y_error + y_error * y_error + 2.0 * UNIT * slope;
        break;
    case GRADUS_ACTIVATION_LEAKY_RELU:
        slope = z > 0.0 ? 1.0 : 0.01;
        slope_error = undecided ? 1.0 : UNIT * slope;
        break;
    case GRADUS_ACTIVATION_ELU:
        slope = z > 0.0 ? 1.0 : exp(z);
        slope_error = y_error + UNIT * slope;
        break;
    case GRADUS_ACTIVATION_SELU:
        slope = SELU_LAMBDA * (z > 0.0 ? 1.0 : SELU_ALPHA * exp(z));
        slope_error = undecided ? 1.0 : y_error + 4.0 * UNIT;
        break;
    case GRADUS_ACTIVATION_SOFTPLUS:
        slope = logistic(z);
        slope_error = exp(-y) * y_error + UNIT * slope;
        break;
    case GRADUS_ACTIVATION_SILU: /* the second derivative is 1/2 at most */
        slope = logistic(z) + z * logistic(z) * logistic(-z);
        slope_error = 0.5 * z_error + 4.0 * UNIT;
        break;
    case GRADUS_ACTIVATION_GELU: /* the second derivative is 0.8 at most */
        slope = erfc(-z / sqrt(2.0)) / 2.0 + z * exp(-z * z / 2.0) / sqrt(2.0 * acos(-1.0));
        slope_error = 0.8 * z_error + 4.0 * UNIT;
        break;
    default:
        break;
    }
    *d_error = fabs(slope) * *d_error + (fabs(*d) + *d_error) * slope_error + UNIT * fabs(*d * slope);
    *d *= slope;
}

/* d_j = y_j (d_j - the sum of d y). */
static inline void derive_softmax(const double *y, const double *y_error, size_t n, double *d, double *d_error) {
    double sum = 0.0, sum_error = 0.0;
    for (size_t j = 0; j < n; j++) {
        sum += d[j] * y[j];
        sum_error += fabs(d[j]) * y_error[j] + y[j] * d_error[j] + UNIT * ((double)n / 16.0 + 4.0) * fabs(d[j]) * y[j];
    }
    for (size_t j = 0; j < n; j++) {
        const double difference = d[j] - sum, error = d_error[j] + sum_error + UNIT * fabs(difference);
        d_error[j] = y_error[j] * fabs(difference) + (y[j] + y_error[j]) * error + UNIT * y[j] * fabs(difference);
        d[j] = y[j] * difference;
    }
}

static inline void derive_layer(net_model *m, size_t l) {
    const size_t outputs = m->shape.outputs[l];
    const bool softmax = m->shape.activations[l] == GRADUS_ACTIVATION_SOFTMAX;
    for (size_t s = 0; softmax && s < m->samples; s++)
        derive_softmax(m->y[l].at + s * outputs, m->y[l].error + s * outputs, outputs, m->d[l].at + s * outputs, m->d[l].error + s * outputs);
    for (size_t at = 0; !softmax && at < m->samples * outputs; at++)
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
    if (!from_logits(m->shape.loss)) derive_layer(m, m->shape.layers - 1);
    for (size_t l = m->shape.layers; l-- > 0;) {
        backward_weights(m, l);
        if (l > 0) backward_inputs(m, l);
        if (l > 0) derive_layer(m, l - 1);
    }
}

/* The last term: results under the least normal number. */
static inline bool within(double found, double wanted, double error) { return fabs(found - wanted) <= MOST_ERRORS * error + 1e-37; }

#endif
