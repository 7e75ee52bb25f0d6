/* Nets against a model in double precision: losses, gradients, predictions, scores. Within what rounding explains, element by element. */
#include <stdio.h>

#include "net_model.h"

/* -- the model itself: its gradient is the slope of its loss -- */

static double model_loss_at(net_model *m, size_t tensor, size_t at, double value) {
    const double kept = m->parameters[tensor].at[at];
    m->parameters[tensor].at[at] = value;
    model_forward(m);
    m->parameters[tensor].at[at] = kept;
    return m->loss;
}

static void check_slopes(gradus_context *context, const net_shape *shape, unsigned kind, uint64_t seed) {
    gradus_net *net = make_net(context, shape, seed);
    sample_set set = make_samples(shape, 9, kind, seed);
    tensor_list parameters;
    list_make(&parameters, shape, 0);
    list_get(context, net, &parameters);
    net_model m = model_make(shape, &parameters, &set);
    model_forward(&m);
    model_backward(&m);
    for (size_t t = 0; t < parameters.count; t++)
        for (size_t at = 0; at < parameters.floats[t]; at++) {
            const double h = 1e-5, w = m.parameters[t].at[at];
            const double slope = (model_loss_at(&m, t, at, w + h) - model_loss_at(&m, t, at, w - h)) / (2.0 * h), gradient = m.gradients[t].at[at];
            if (!(fabs(slope - gradient) <= 1e-8 + 1e-7 * fabs(gradient)))
                cr_assert_fail("tensor %zu, element %zu: slope %.12g, gradient %.12g", t, at, slope, gradient);
        }
    model_free(&m);
    list_free(&parameters);
    free_samples(&set);
    gradus_net_destroy(context, net);
}

#define NUMBER(number, NAME, name) number,
static const gradus_activation activations[] = {GRADUS_ACTIVATION_MAP(NUMBER)};
static const gradus_loss losses[] = {GRADUS_LOSS_MAP(NUMBER)};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0], LOSSES = sizeof losses / sizeof losses[0] };

/* A shape of this loss with a last activation that goes with it, the given one if it does, and smoothing at every other call. */
static net_shape shape_with(size_t inputs, size_t layers, const size_t *outputs, gradus_activation hidden, gradus_loss loss, gradus_activation last) {
    static unsigned calls;
    net_shape shape = shape_of(inputs, layers, outputs, hidden == GRADUS_ACTIVATION_SOFTMAX ? GRADUS_ACTIVATION_TANH : hidden, last);
    shape.loss = loss;
    if (loss == GRADUS_LOSS_CROSS_ENTROPY) shape.activations[layers - 1] = GRADUS_ACTIVATION_SOFTMAX;
    if (loss == GRADUS_LOSS_CROSS_ENTROPY && calls++ % 2) shape.label_smoothing = 0.2;
    if (loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY) shape.activations[layers - 1] = GRADUS_ACTIVATION_SIGMOID;
    return shape;
}

Test(net, the_models_gradient_is_its_slope) {
    static const size_t outputs[] = {5, 3, 4};
    gradus_context *context = context_of(1);
    for (size_t h = 0; h < ACTIVATIONS; h++)
        for (size_t k = 0; k < ACTIVATIONS; k++) {
            const net_shape shape = shape_with(6, 3, outputs, activations[h], losses[(h + k) % LOSSES], activations[k]);
            for (unsigned kind = 0; kind <= OTHER_TARGETS; kind += OTHER_TARGETS) check_slopes(context, &shape, kind, 20 * h + k);
        }
    gradus_context_destroy(context);
}

/* -- the library against the model -- */

/* Bounds that allow everything would prove nothing: on the whole they must be small against what they are bounds of. */
static void check_tensor(const net_model *m, const tensor_list *found, size_t t, const char *name) {
    const size_t rows = found->tensors[t].rows, columns = found->tensors[t].columns;
    double size = 0.0, error = 0.0;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double wanted = m->gradients[t].at[i * columns + j], bound = m->gradients[t].error[i * columns + j];
            size += fabs(wanted);
            error += bound;
            if (!within(*list_at(found, t, i, j), wanted, bound))
                cr_assert_fail("%s: gradient %zu (%zu, %zu): %.9g, expected %.9g +- %.3g", name, t, i, j, (double)*list_at(found, t, i, j), wanted,
                               bound);
        }
    if (!(MOST_ERRORS * error <= 0.05 * size + 1e-5 * (double)(rows * columns)))
        cr_assert_fail("%s: gradient %zu: bounds of %g on sizes of %g", name, t, error, size);
}

static void check_gradient(gradus_context *context, const net_shape *shape, size_t samples, unsigned kind, uint64_t seed) {
    gradus_net *net = make_net(context, shape, seed);
    sample_set set = make_samples(shape, samples, kind, seed);
    tensor_list parameters, found;
    double loss = NAN, alone = NAN;
    char name[160];
    snprintf(name, sizeof name, "%zu-%zu..%zu, %zu layers, %s %s %s, %zu samples, kind %u", shape->inputs, shape->outputs[0], last_outputs(shape),
             shape->layers, gradus_activation_name(shape->activations[0]), gradus_activation_name(shape->activations[shape->layers - 1]),
             gradus_loss_name(shape->loss), samples, kind);
    list_make(&parameters, shape, 0);
    list_make(&found, shape, kind & ROWS_STRIDED ? 3 : 0);
    list_get(context, net, &parameters);
    net_model m = model_make(shape, &parameters, &set);
    model_forward(&m);
    model_backward(&m);
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, found.tensors, &loss), GRADUS_OK, "%s: %s", name,
                 gradus_context_message(context));
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, NULL, &alone), GRADUS_OK);
    cr_assert_eq(test_double_bits(loss), test_double_bits(alone), "%s", name);
    cr_assert(within(loss, m.loss, m.loss_error), "%s: loss %.12g, expected %.12g +- %.3g", name, loss, m.loss, m.loss_error);
    for (size_t t = 0; t < found.count; t++) check_tensor(&m, &found, t, name);
    model_free(&m);
    list_free(&parameters);
    list_free(&found);
    free_samples(&set);
    gradus_net_destroy(context, net);
}

static const size_t widths[] = {1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 48, 65, 100};
static const size_t batches[] = {1, 2, 16, 17, 63, 64, 65, 127, 129, 200};
enum { WIDTHS = 13, BATCHES = 10 };

/* Every activation with every loss and depth, over widths and batches that differ each time. */
Test(net, gradients_of_every_kind_and_depth) {
    gradus_context *context = context_of(2);
    uint64_t random = 7;
    for (size_t layers = 1; layers <= MOST_LAYERS; layers++)
        for (size_t h = 0; h < ACTIVATIONS; h++)
            for (size_t k = 0; k < LOSSES; k++) {
                size_t outputs[MOST_LAYERS];
                for (size_t l = 0; l < layers; l++) outputs[l] = widths[test_random(&random) % WIDTHS];
                const net_shape shape = shape_with(widths[test_random(&random) % WIDTHS], layers, outputs, activations[h], losses[k],
                                                   activations[test_random(&random) % ACTIVATIONS]);
                check_gradient(context, &shape, batches[test_random(&random) % BATCHES], (unsigned)(test_random(&random) % 16), test_random(&random));
            }
    gradus_context_destroy(context);
}

/* Every width as inputs, as hidden and as last layer, and every batch with every kind of samples. */
Test(net, gradients_of_every_width_and_batch) {
    gradus_context *context = context_of(2);
    for (size_t a = 0; a < WIDTHS; a++)
        for (size_t b = 0; b < 4; b++) {
            const size_t outputs[] = {widths[(a + 3 * b + 1) % WIDTHS], widths[(a + 5 * b + 2) % WIDTHS]};
            const net_shape shape = shape_of(widths[a], 2, outputs, activations[b], b % 2 ? GRADUS_ACTIVATION_SOFTMAX : GRADUS_ACTIVATION_IDENTITY);
            check_gradient(context, &shape, batches[(a + b) % BATCHES], (unsigned)((a + b) % 8), 100 * a + b);
        }
    for (size_t b = 0; b < BATCHES; b++)
        for (unsigned kind = 0; kind < 8; kind++) {
            const size_t outputs[] = {33, 5};
            const net_shape shape = shape_of(17, 2, outputs, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
            check_gradient(context, &shape, batches[b], kind, 1000 + 10 * b + kind);
        }
    gradus_context_destroy(context);
}

/* More than one k-block forward (inputs) and backward (outputs), and a softmax over as many; more inputs of a narrow layer than one task has. */
Test(net, gradients_over_several_blocks) {
    static const size_t outputs[] = {300, 270};
    gradus_context *context = context_of(2);
    const net_shape wide = shape_of(513, 2, outputs, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    const net_shape narrow = shape_of(700, 1, &(const size_t){10}, 0, GRADUS_ACTIVATION_SOFTMAX);
    const net_shape last = shape_of(3, 2, (const size_t[]){300, 10}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    check_gradient(context, &wide, 65, 0, 1);
    check_gradient(context, &narrow, 130, INPUTS_U8, 2);
    check_gradient(context, &last, 65, 0, 3);
    gradus_context_destroy(context);
}

/* -- predictions and evaluation -- */

/* One feature a sample, in a column without gaps and in columns with them: a narrow layer reads the first where it lies. */
Test(net, a_column_of_inputs_with_and_without_gaps) {
    enum { SAMPLES = 70, MOST_STRIDE = 3 };
    gradus_context *context = context_of(1);
    const net_shape shape = shape_of(1, 2, (const size_t[]){5, 1}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = make_net(context, &shape, 3);
    float x[SAMPLES * MOST_STRIDE], y[MOST_STRIDE][SAMPLES];
    for (size_t stride = 1; stride <= MOST_STRIDE; stride++) {
        for (size_t i = 0; i < SAMPLES * MOST_STRIDE; i++) x[i] = i % stride == 0 ? (float)(i / stride) * 0.05f - 2.0f : 99.0f;
        gradus_tensor inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, x, SAMPLES, 1);
        inputs.row_stride = (ptrdiff_t)stride;
        const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, y[stride - 1], SAMPLES, 1);
        cr_assert_eq(gradus_net_predict(context, net, &inputs, &outputs), GRADUS_OK, "%s", gradus_context_message(context));
        cr_assert_arr_eq(y[stride - 1], y[0], sizeof y[0], "row stride %zu", stride);
    }
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* tp/(tp + fp) and tp/(tp + fn), joined. */
static double f1_of(const size_t *predicted, const size_t *truth, size_t samples, size_t class) {
    double both = 0.0, as_predicted = 0.0, as_true = 0.0;
    for (size_t s = 0; s < samples; s++) {
        both += predicted[s] == class && truth[s] == class;
        as_predicted += predicted[s] == class;
        as_true += truth[s] == class;
    }
    if (both == 0.0) return 0.0;
    const double precision = both / as_predicted, recall = both / as_true;
    return 2.0 * precision * recall / (precision + recall);
}

/* The class that a row stands for: the highest number, or 1 where the only one is over 1/2. */
static size_t class_of(const float *row, size_t outputs, size_t classes) {
    size_t best = 0;
    if (outputs < classes) return row[0] > 0.5f;
    for (size_t j = 1; j < outputs; j++) best = row[j] > row[best] ? j : best;
    return best;
}

/* Labels, or numbers that stand for classes, or none. */
static void check_scores(const gradus_evaluation *found, const net_shape *shape, const sample_set *set, const float *y, size_t samples) {
    const size_t outputs = last_outputs(shape), classes = outputs == 1 && shape->loss != GRADUS_LOSS_CROSS_ENTROPY ? 2 : outputs;
    const bool numbers = set->batch.targets.dtype == GRADUS_DTYPE_F32;
    double sum = 0.0, right = 0.0;
    if (numbers && shape->loss != GRADUS_LOSS_CROSS_ENTROPY && !(shape->loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY && outputs == 1)) {
        cr_assert(isnan(found->accuracy) && isnan(found->f1));
        return;
    }
    size_t *predicted = malloc(samples * sizeof *predicted), *truth = malloc(samples * sizeof *truth);
    for (size_t s = 0; s < samples; s++) {
        predicted[s] = class_of(y + s * outputs, outputs, classes);
        truth[s] = numbers ? class_of(set->targets + s * (size_t)set->batch.targets.row_stride, outputs, classes) : set->labels[s];
        right += predicted[s] == truth[s];
    }
    for (size_t c = 0; c < classes; c++) sum += f1_of(predicted, truth, samples, c);
    cr_assert_float_eq(found->accuracy, right / (double)samples, 1e-15);
    cr_assert_float_eq(found->f1, classes == 2 ? f1_of(predicted, truth, samples, 1) : sum / (double)classes, 1e-14);
    free(predicted);
    free(truth);
}

static void check_evaluation(gradus_context *context, const net_shape *shape, size_t samples, unsigned kind, uint64_t seed) {
    const size_t outputs = last_outputs(shape);
    gradus_net *net = make_net(context, shape, seed);
    sample_set set = make_samples(shape, samples, kind, seed);
    float *y = malloc(samples * outputs * sizeof *y);
    const gradus_tensor predictions = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, samples, outputs);
    gradus_evaluation found;
    tensor_list parameters;
    double loss;
    list_make(&parameters, shape, 0);
    list_get(context, net, &parameters);
    net_model m = model_make(shape, &parameters, &set);
    model_forward(&m);
    gradus_evaluation_init(&found);
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &predictions), GRADUS_OK);
    cr_assert_eq(gradus_net_evaluate(context, net, &set.batch, &found), GRADUS_OK);
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, NULL, &loss), GRADUS_OK);
    for (size_t i = 0; i < samples * outputs; i++) {
        const double wanted = m.y[shape->layers - 1].at[i], bound = m.y[shape->layers - 1].error[i];
        if (!within(y[i], wanted, bound)) cr_assert_fail("output %zu: %.9g, expected %.9g +- %.3g", i, (double)y[i], wanted, MOST_ERRORS * bound);
    }
    cr_assert_eq(found.samples, samples);
    cr_assert(within(found.loss, m.loss, m.loss_error), "%zu samples: loss %.12g, expected %.12g", samples, found.loss, m.loss);
    cr_assert_eq(test_double_bits(found.loss), test_double_bits(loss), "%zu samples: chunks changed the loss' bits", samples);
    check_scores(&found, shape, &set, y, samples);
    model_free(&m);
    list_free(&parameters);
    free(y);
    free_samples(&set);
    gradus_net_destroy(context, net);
}

Test(net, evaluation_across_chunks) {
    static const size_t counts[] = {1, 2, 64, 65, 1023, 1024, 1025, 2048 + 63}, classes[] = {12, 10}, two[] = {20, 2}, one[] = {1};
    gradus_context *context = context_of(2);
    const net_shape ten = shape_of(9, 2, classes, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
    const net_shape pair = shape_of(3, 2, two, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    const net_shape regression = shape_of(5, 2, (const size_t[]){7, 3}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SIGMOID);
    const net_shape single = shape_of(4, 1, one, 0, GRADUS_ACTIVATION_SOFTMAX);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        check_evaluation(context, &ten, counts[i], (unsigned)(i % 8), i);
        check_evaluation(context, &pair, counts[i], (unsigned)(i % 8), i);
        check_evaluation(context, &regression, counts[i], (unsigned)(i % 8), i);
        check_evaluation(context, &single, counts[i], 0, i);
    }
    gradus_context_destroy(context);
}

/* Every loss with classes and with numbers, with one output, two and more. */
Test(net, evaluation_of_every_loss) {
    static const size_t widths_here[] = {1, 2, 5};
    gradus_context *context = context_of(2);
    for (size_t k = 0; k < LOSSES; k++)
        for (size_t w = 0; w < 3; w++) {
            const net_shape shape = shape_with(7, 1, &widths_here[w], 0, losses[k], GRADUS_ACTIVATION_SIGMOID);
            check_evaluation(context, &shape, 1030, 0, k);
            check_evaluation(context, &shape, 1030, OTHER_TARGETS | ROWS_STRIDED, k);
        }
    gradus_context_destroy(context);
}

/* All outputs equal: every prediction is class 0; classes that are never predicted, true or either count 0. */
Test(net, evaluation_of_ties) {
    static const uint8_t labels[] = {0, 0, 1, 1, 1, 2, 0, 0};
    gradus_context *context = context_of(1);
    const net_shape shape = shape_of(2, 1, &(const size_t){4}, 0, GRADUS_ACTIVATION_SOFTMAX);
    gradus_net *net = plain_net(context, &shape, 1);
    float zeros[8] = {0}, inputs[16] = {0};
    const gradus_tensor weights = gradus_tensor_matrix(GRADUS_DTYPE_F32, zeros, 2, 4);
    gradus_batch batch;
    gradus_evaluation found;
    gradus_batch_init(&batch);
    gradus_evaluation_init(&found);
    cr_assert_eq(gradus_net_set(context, net, 0, &weights, NULL), GRADUS_OK);
    batch.samples = 8;
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, inputs, 8, 2);
    batch.targets = gradus_tensor_vector(GRADUS_DTYPE_U8, (void *)labels, 8);
    cr_assert_eq(gradus_net_evaluate(context, net, &batch, &found), GRADUS_OK);
    cr_assert_float_eq(found.accuracy, 0.5, 1e-15);
    cr_assert_float_eq(found.f1, (2.0 * 0.5 * 1.0 / 1.5 + 0.0 + 0.0 + 0.0) / 4.0, 1e-15);
    cr_assert_float_eq(found.loss, log(4.0), 1e-7);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* With two groups biases have hyper-parameters of their own: what weight decay spares, bit for bit the step without decay. */
Test(net, biases_in_a_group_of_their_own) {
    gradus_context *context = context_of(1);
    const net_shape shape = shape_of(5, 2, (const size_t[]){20, 3}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
    sample_set set = make_samples(&shape, 30, 0, 1);
    tensor_list lists[3];
    for (int k = 0; k < 3; k++) { /* 0: no decay, 1: decay, 2: decay of weights */
        gradus_net *net = make_net(context, &shape, 1);
        gradus_optimizer_config config;
        gradus_optimizer *optimizer;
        double loss;
        gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAMW);
        config.groups = k == 2 ? 2 : 1;
        config.hyper_parameters[GRADUS_WEIGHT_DECAY] = k ? 0.5 : 0.0;
        cr_assert_eq(gradus_net_optimizer_create(context, net, &config, &optimizer), GRADUS_OK);
        if (k == 2) cr_assert_eq(gradus_optimizer_set(context, optimizer, 1, GRADUS_WEIGHT_DECAY, 0.0), GRADUS_OK);
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
        list_make(&lists[k], &shape, 0);
        list_get(context, net, &lists[k]);
        gradus_optimizer_destroy(context, optimizer);
        gradus_net_destroy(context, net);
    }
    for (size_t t = 0; t < 4; t++) {
        const int same = t % 2 ? 0 : 1;
        cr_assert(memcmp(lists[2].memory[t], lists[same].memory[t], lists[2].floats[t] * sizeof(float)) == 0);
        cr_assert(memcmp(lists[2].memory[t], lists[1 - same].memory[t], lists[2].floats[t] * sizeof(float)) != 0);
    }
    for (int k = 0; k < 3; k++) list_free(&lists[k]);
    free_samples(&set);
    gradus_context_destroy(context);
}
