/* The gradients that steps take, against central differences of an fp64 model of the loss that shares nothing with the library but the masks' draws: every
 * activation, loss and form of layer, odd batches, with dropout, penalties, weights and scaled inputs. */
#include "base/philox.h"
#include "nets.h"

enum { MOST_WIDTH = 40, PROBES = 10 };

typedef struct objective {
    const net_shape *shape;
    const sample_set *set;
    const float *weights;         /* of the samples; NULL: none */
    const double *mean, *inverse; /* of the inputs; NULL: none */
    double l1, l2;
    double *parameters[MOST_TENSORS];
} objective;

static double activated(gradus_activation a, double z) {
    static const double lambda = 1.0507009873554804934, alpha = 1.6732632423543772848;
    switch (a) {
    case GRADUS_ACTIVATION_RELU:
        return z > 0.0 ? z : 0.0;
    case GRADUS_ACTIVATION_TANH:
        return tanh(z);
    case GRADUS_ACTIVATION_SIGMOID:
        return 1.0 / (1.0 + exp(-z));
    case GRADUS_ACTIVATION_LEAKY_RELU:
        return z > 0.0 ? z : 0.01 * z;
    case GRADUS_ACTIVATION_ELU:
        return z > 0.0 ? z : expm1(z);
    case GRADUS_ACTIVATION_SELU:
        return z > 0.0 ? lambda * z : lambda * alpha * expm1(z);
    case GRADUS_ACTIVATION_SOFTPLUS:
        return log1p(exp(z));
    case GRADUS_ACTIVATION_SILU:
        return z / (1.0 + exp(-z));
    case GRADUS_ACTIVATION_GELU:
        return 0.5 * z * (1.0 + erf(z / sqrt(2.0)));
    default:
        return z;
    }
}

static double drop(double y, double probability, const gradus_batch *batch, uint32_t index, size_t row, size_t column, size_t columns) {
    const gd_stream stream = {batch->seed, batch->step, index * 16 + 1};
    const uint64_t element = (uint64_t)row * ((columns + 3) / 4 * 4) + column;
    return (double)gd_random_word(stream, element) < floor(probability * 4294967296.0) ? 0.0 : y / (1.0 - probability);
}

static void forward(const objective *o, size_t sample, double *y) {
    const net_shape *shape = o->shape;
    double x[MOST_WIDTH];
    for (size_t j = 0; j < shape->inputs; j++) {
        const double value = o->set->floats[sample * shape->inputs + j];
        x[j] = drop(o->mean ? (value - o->mean[j]) * o->inverse[j] : value, shape->input_dropout, &o->set->batch, 65536, sample, j, shape->inputs);
    }
    for (size_t l = 0; l < shape->layers; l++) {
        const size_t inputs = layer_inputs(shape, l), outputs = shape->outputs[l];
        for (size_t k = 0; k < outputs; k++) {
            double z = o->parameters[2 * l + 1][k];
            for (size_t j = 0; j < inputs; j++) z += x[j] * o->parameters[2 * l][j * outputs + k];
            y[k] = drop(activated(shape->activations[l], z), shape->dropout[l], &o->set->batch, (uint32_t)l, sample, k, outputs);
        }
        if (shape->activations[l] == GRADUS_ACTIVATION_SOFTMAX) {
            double sum = 0.0;
            for (size_t k = 0; k < outputs; k++) sum += exp(y[k]);
            for (size_t k = 0; k < outputs; k++) y[k] = exp(y[k]) / sum;
        }
        memcpy(x, y, outputs * sizeof *x);
    }
}

static double target_of(const objective *o, size_t sample, size_t k) {
    const size_t outputs = last_outputs(o->shape);
    if (o->set->batch.targets.dtype == GRADUS_DTYPE_F32) return o->set->targets[sample * outputs + k];
    const size_t label = o->set->labels[sample];
    const double hot = outputs == 1 && o->shape->loss != GRADUS_LOSS_CROSS_ENTROPY ? (double)label : label == k;
    return (1.0 - o->shape->label_smoothing) * hot + o->shape->label_smoothing / (double)outputs;
}

static double part_of_loss(gradus_loss loss, double y, double t) {
    const double e = y - t, size = fabs(e);
    switch (loss) {
    case GRADUS_LOSS_CROSS_ENTROPY:
        return -t * log(y);
    case GRADUS_LOSS_BINARY_CROSS_ENTROPY:
        return -t * log(y) - (1.0 - t) * log1p(-y);
    case GRADUS_LOSS_MSE:
        return e * e;
    case GRADUS_LOSS_HALF_MSE:
        return 0.5 * e * e;
    case GRADUS_LOSS_MAE:
        return size;
    default:
        return size <= 1.0 ? 0.5 * e * e : size - 0.5;
    }
}

static double value(const objective *o) {
    const size_t outputs = last_outputs(o->shape);
    const gradus_loss loss = o->shape->loss;
    double sum = 0.0, total = 0.0, penalty = 0.0;
    for (size_t i = 0; i < o->set->batch.samples; i++) {
        double y[MOST_WIDTH], own = 0.0;
        const double weight = o->weights ? o->weights[i] : 1.0;
        forward(o, i, y);
        for (size_t k = 0; k < outputs; k++) own += part_of_loss(loss, y[k], target_of(o, i, k));
        sum += weight * own;
        total += weight;
    }
    for (size_t l = 0; l < o->shape->layers; l++)
        for (size_t i = 0; i < layer_inputs(o->shape, l) * o->shape->outputs[l]; i++) {
            const double w = o->parameters[2 * l][i];
            penalty += o->l1 * fabs(w) + 0.5 * o->l2 * w * w;
        }
    return sum / (total * (loss == GRADUS_LOSS_CROSS_ENTROPY || loss == GRADUS_LOSS_HALF_MSE ? 1.0 : (double)outputs)) + penalty;
}

/* The gradient as sgd with a rate of 1 takes it off, of every tensor's first, last and some other elements. */
static void check(gradus_context *context, const net_shape *shape, size_t samples, unsigned kind, bool weighted, bool scaled, double l1, double l2) {
    const double step = 0x1p-14;
    sample_set set = make_samples(shape, samples, kind, samples + shape->loss);
    gradus_net *net = make_net(context, shape, 11);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd:lr=1");
    objective o = {.shape = shape, .set = &set, .l1 = l1, .l2 = l2};
    double mean[MOST_WIDTH], inverse[MOST_WIDTH], loss, penalty, expected;
    float *weights = malloc(samples * sizeof *weights);
    uint64_t random = 3;
    tensor_list before, after;
    list_make(&before, shape, 0);
    list_make(&after, shape, 0);
    list_get(context, net, &before);
    set.batch.seed = 5;
    set.batch.step = 6;
    for (size_t j = 0; j < shape->inputs; j++) mean[j] = 0.25 - 0.1 * (double)j, inverse[j] = 1.5 / (1.0 + 0.1 * (double)j);
    for (size_t i = 0; i < samples; i++) weights[i] = (float)(2.0 * test_uniform(&random) + 0.01);
    if (weighted) {
        o.weights = weights;
        set.batch.weights = gradus_tensor_vector(GRADUS_DTYPE_F32, weights, samples);
    }
    if (scaled) {
        o.mean = mean;
        o.inverse = inverse;
        cr_assert_eq(gradus_net_set_scaling(context, net, mean, inverse), GRADUS_OK);
    }
    for (size_t t = 0; t < before.count; t++) {
        o.parameters[t] = malloc(before.floats[t] * sizeof(double));
        for (size_t i = 0; i < before.floats[t]; i++) o.parameters[t][i] = before.memory[t][i];
    }
    cr_assert_eq(gradus_net_set_penalties(context, net, l1, l2), GRADUS_OK);
    cr_assert_eq(gradus_net_penalty(context, net, &penalty), GRADUS_OK);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK, "%s", gradus_context_message(context));
    list_get(context, net, &after);
    expected = value(&o);
    cr_assert(fabs(loss + penalty - expected) <= 2e-6 * (1.0 + fabs(expected)), "loss %d: %g, not %g", shape->loss, loss + penalty, expected);
    for (size_t t = 0; t < before.count; t++)
        for (size_t k = 0; k < PROBES && k < before.floats[t]; k++) {
            const size_t i = k == 0 ? 0 : k == 1 ? before.floats[t] - 1 : test_random(&random) % before.floats[t];
            double *w = &o.parameters[t][i];
            const double kept = *w, found = (double)before.memory[t][i] - (double)after.memory[t][i];
            double difference[2], sides[4];
            for (int s = 0; s < 4; s++) {
                *w = kept + (s % 2 ? -step : step) / (s < 2 ? 1.0 : 2.0);
                sides[s] = value(&o);
            }
            *w = kept;
            difference[0] = (sides[0] - sides[1]) / (2.0 * step);
            difference[1] = (sides[2] - sides[3]) / step;
            if (fabs(difference[0] - difference[1]) > 1e-6) continue; /* a bend within the step */
            cr_assert(fabs(found - difference[1]) <= 4e-6 * (1.0 + fabs(difference[1])),
                      "activation %d, loss %d, width %zu, %zu samples, tensor %zu, element %zu: %.9g, not %.9g", shape->activations[0], shape->loss,
                      shape->outputs[0], samples, t, i, found, difference[1]);
        }
    for (size_t t = 0; t < before.count; t++) free(o.parameters[t]);
    free(weights);
    list_free(&before);
    list_free(&after);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

static gradus_activation last_of(gradus_loss loss, gradus_activation other) {
    if (loss == GRADUS_LOSS_CROSS_ENTROPY) return GRADUS_ACTIVATION_SOFTMAX;
    return loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY ? GRADUS_ACTIVATION_SIGMOID : other;
}

static const size_t widths[] = {1, 3, 16, 17, 33};

/* Every activation with every loss in every form of layer; the last layer has the activation, too, where the loss lets it. */
static void check_plain(gradus_loss loss) {
    gradus_context *context = context_with(NULL, 1);
    for (gradus_activation a = 1; gradus_activation_name(a); a++)
        for (size_t w = 0; w < 5; w++) {
            const gradus_activation hidden = a == GRADUS_ACTIVATION_SOFTMAX ? GRADUS_ACTIVATION_TANH : a;
            net_shape shape = shape_of(widths[4 - w], 2, (const size_t[]){widths[w], widths[(w + a) % 5]}, hidden, last_of(loss, a));
            shape.loss = loss;
            check(context, &shape, w % 2 ? 7 : 3, w % 2 ? OTHER_TARGETS : 0, false, false, 0.0, 0.0);
        }
    gradus_context_destroy(context);
}

Test(gradients, cross_entropy) { check_plain(GRADUS_LOSS_CROSS_ENTROPY); }
Test(gradients, binary_cross_entropy) { check_plain(GRADUS_LOSS_BINARY_CROSS_ENTROPY); }
Test(gradients, mse) { check_plain(GRADUS_LOSS_MSE); }
Test(gradients, half_mse) { check_plain(GRADUS_LOSS_HALF_MSE); }
Test(gradients, mae) { check_plain(GRADUS_LOSS_MAE); }
Test(gradients, huber) { check_plain(GRADUS_LOSS_HUBER); }

/* Everything at once, and one thing at a time. */
Test(gradients, regularised) {
    gradus_context *context = context_with(NULL, 2);
    for (gradus_activation a = 1; gradus_activation_name(a); a++)
        for (gradus_loss loss = 1; gradus_loss_name(loss); loss++) {
            if (a == GRADUS_ACTIVATION_SOFTMAX) continue;
            const size_t w = (size_t)(a + loss) % 5, mode = (size_t)(a * 5 + loss * 3) % 6; /* 5: everything */
            net_shape shape = shape_of(widths[w], 3, (const size_t[]){widths[(w + 1) % 5], widths[(w + 3) % 5], 3}, a, last_of(loss, a));
            shape.loss = loss;
            shape.label_smoothing = loss == GRADUS_LOSS_CROSS_ENTROPY ? 0.1 : 0.0;
            if (mode == 0 || mode == 5) shape.dropout[0] = 0.5, shape.dropout[1] = 0.25, shape.input_dropout = 0.125;
            check(context, &shape, 13, 0, mode == 1 || mode == 5, mode == 2 || mode == 5, mode == 3 || mode == 5 ? 0.01 : 0.0,
                  mode == 4 || mode == 5 ? 0.02 : 0.0);
        }
    gradus_context_destroy(context);
}

/* More samples than a leaf, an odd number. */
Test(gradients, many_samples) {
    gradus_context *context = context_with(NULL, 2);
    for (gradus_loss loss = 1; gradus_loss_name(loss); loss++) {
        net_shape shape = shape_of(6, 2, (const size_t[]){33, 3}, GRADUS_ACTIVATION_TANH, last_of(loss, GRADUS_ACTIVATION_IDENTITY));
        shape.loss = loss;
        shape.dropout[0] = 0.3;
        check(context, &shape, 131, 0, true, true, 0.001, 0.01);
    }
    gradus_context_destroy(context);
}
