/* Losses: the reference against textbook formulas in double precision and their central differences, what the losses do at the ends of the floats, and
 * the same loss asked for in other words.
 * links: oracle
 * runs: slow */
#include <float.h>
#include <stdio.h>

#include "base/philox.h"
#include "nets.h"
#include "oracle/oracle.h"
#include "reference/reference.h"

static const double unit = 0x1p-24; /* the relative error of one rounding */

#define NUMBER(number, NAME, name) number,
static const gradus_loss losses[] = {GRADUS_LOSS_MAP(NUMBER)};
enum { LOSSES = sizeof losses / sizeof losses[0] };

static bool cross(gradus_loss loss) { return loss == GRADUS_LOSS_CROSS_ENTROPY; }
static bool binary(gradus_loss loss) { return loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY; }

/* -- the reference against the oracle -- */

enum { SAMPLES = 150, OUTPUTS = 10, VALUES = SAMPLES * OUTPUTS };

static float random_float(uint64_t seed, uint64_t i) {
    return 2.0f * gd_uniform(gd_random_word(gd_stream_make(seed, 0, 0, GD_PURPOSE_NOISE), i)) - 1.0f;
}

/* d against central differences of the oracle's loss, which are good to about 10^-9 of a loss near 1; errors too near to a kink are left out. */
static void check_slopes(gradus_loss loss, double smoothing, double *x, const double *targets, const float *d) {
    const double h = 1e-4;
    for (size_t i = 0; i < VALUES; i++) {
        const double kept = x[i], e = fabs(kept - targets[i]);
        if ((loss == GRADUS_LOSS_MAE && e < 2 * h) || (loss == GRADUS_LOSS_HUBER && fabs(e - 1) < 2 * h)) continue;
        x[i] = kept + h;
        const double above = gd_oracle_loss(loss, smoothing, x, targets, SAMPLES, OUTPUTS);
        x[i] = kept - h;
        const double slope = (above - gd_oracle_loss(loss, smoothing, x, targets, SAMPLES, OUTPUTS)) / (2 * h);
        x[i] = kept;
        cr_expect_leq(fabs((double)d[i] - slope), 2e-9 + 8 * unit * fabs(slope), "%s, smoothing %g, value %zu: gradient %g, differences say %g",
                      gradus_loss_name(loss), smoothing, i, (double)d[i], slope);
    }
}

/* labels NULL: numbers, of the kind that the loss is for: probabilities, some of them 0 or 1, or anything. */
static void check_against_oracle(gradus_loss loss, double smoothing, const uint8_t *labels) {
    static float x[VALUES], numbers[VALUES], d[VALUES];
    static double wide[VALUES], targets[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        x[i] = 4.0f * random_float(60, i);
        numbers[i] = cross(loss) || binary(loss) ? fabsf(random_float(61, i)) : 2.0f * random_float(61, i);
        if (i % 7 < 2) numbers[i] = (float)(i % 7);
        wide[i] = (double)x[i];
        targets[i] = labels ? labels[i / OUTPUTS] == i % OUTPUTS : (double)numbers[i];
    }
    const double found = gd_reference_loss(loss, smoothing, x, labels ? NULL : numbers, labels, SAMPLES, OUTPUTS, d);
    const double wanted = gd_oracle_loss(loss, smoothing, wide, targets, SAMPLES, OUTPUTS);
    /* From logits: fp32 roundings of numbers up to 8, times a row's sum of targets; else fp64 throughout. */
    cr_expect_leq(fabs(found - wanted), cross(loss) || binary(loss) ? 16 * unit * wanted : 1e-13 * wanted, "%s, smoothing %g: %a, the oracle has %a",
                  gradus_loss_name(loss), smoothing, found, wanted);
    check_slopes(loss, smoothing, wide, targets, d);
}

Test(losses, are_the_textbooks) {
    uint8_t labels[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) labels[i] = (uint8_t)(i * 7 % OUTPUTS);
    for (size_t k = 0; k < LOSSES; k++) {
        check_against_oracle(losses[k], 0.0, labels);
        check_against_oracle(losses[k], 0.0, NULL);
    }
    for (int tenths = 1; tenths <= 10; tenths += 3) {
        check_against_oracle(GRADUS_LOSS_CROSS_ENTROPY, tenths / 10.0, labels);
        check_against_oracle(GRADUS_LOSS_CROSS_ENTROPY, tenths / 10.0, NULL);
    }
}

/* -- the library: one layer of weights 1 on one input, so that the logits or outputs are the inputs and their gradient is the bias' -- */

enum { MOST = 65 }; /* outputs of loss_of */

typedef struct row_result {
    gradus_status status;
    double loss;
    float d[MOST], y[MOST]; /* the gradient by the layer's values before the last activation, and the outputs */
} row_result;

/* One sample of `outputs` values; targets F32, or a label where numbers is NULL. */
static row_result loss_of(gradus_context *context, gradus_loss loss, double smoothing, gradus_activation activation, const float *x, size_t outputs,
                          const float *numbers, int32_t label) {
    const gradus_layer layer = {outputs, activation, 0};
    float weights[MOST] = {0}, one[1] = {1.0f}, weight_gradient[MOST];
    gradus_net_config config;
    gradus_net *net;
    gradus_batch batch;
    row_result result = {.loss = NAN};
    gradus_evaluation evaluation;
    gradus_net_config_init(&config);
    config.inputs = 1;
    config.layers = &layer;
    config.layer_count = 1;
    config.loss = loss;
    config.label_smoothing = smoothing;
    cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_OK, "%s", gradus_context_message(context));
    const gradus_tensor w = gradus_tensor_matrix(GRADUS_DTYPE_F32, weights, 1, outputs),
                        b = gradus_tensor_vector(GRADUS_DTYPE_F32, (void *)x, outputs);
    const gradus_tensor gradients[] = {gradus_tensor_matrix(GRADUS_DTYPE_F32, weight_gradient, 1, outputs),
                                       gradus_tensor_vector(GRADUS_DTYPE_F32, result.d, outputs)};
    const gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, result.y, 1, outputs);
    cr_assert_eq(gradus_net_set(context, net, 0, &w, &b), GRADUS_OK);
    gradus_batch_init(&batch);
    batch.samples = 1;
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, one, 1, 1);
    batch.targets = numbers ? gradus_tensor_matrix(GRADUS_DTYPE_F32, (void *)numbers, 1, outputs) : gradus_tensor_vector(GRADUS_DTYPE_I32, &label, 1);
    result.status = gradus_net_loss_gradient(context, net, &batch, gradients, &result.loss);
    cr_assert_eq(gradus_net_predict(context, net, &batch.inputs, &y), GRADUS_OK);
    gradus_evaluation_init(&evaluation);
    cr_assert_eq(gradus_net_evaluate(context, net, &batch, &evaluation), GRADUS_OK);
    cr_assert(test_double_bits(evaluation.loss) == test_double_bits(result.loss) || isnan(result.loss));
    gradus_net_destroy(context, net);
    return result;
}

static const float extremes[] = {0.0f,   -0.0f,  FLT_MIN, -FLT_MIN, 0x1p-149f, 1.0f,    -1.0f,   20.0f,
                                 -20.0f, 104.0f, -104.0f, 1e30f,    -1e30f,    FLT_MAX, -FLT_MAX};
enum { EXTREMES = sizeof extremes / sizeof extremes[0] };

/* Every pair of extreme logits, with every kind of targets: finite, not negative, and a gradient that is a difference of probabilities. */
Test(losses, cross_entropy_is_safe_for_any_finite_logits) {
    static const float rows[][2] = {{0.0f, 1.0f}, {1.0f, 0.0f}, {0.25f, 0.75f}, {0.0f, 0.0f}};
    gradus_context *context = context_of(1);
    for (size_t a = 0; a < EXTREMES; a++)
        for (size_t b = 0; b < EXTREMES; b++)
            for (int kind = 0; kind < 8; kind++) {
                const float x[] = {extremes[a], extremes[b]};
                const double smoothing = kind % 2 ? 0.1 : 0.0;
                const row_result r = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, smoothing, GRADUS_ACTIVATION_SOFTMAX, x, 2, rows[kind / 2], 0);
                cr_expect(r.status == GRADUS_OK && isfinite(r.loss) && r.loss >= 0.0, "logits %a, %a, kind %d: %g", (double)x[0], (double)x[1], kind,
                          r.loss);
                cr_expect(fabsf(r.d[0]) <= 1.0f && fabsf(r.d[1]) <= 1.0f && fabsf(r.d[0] + r.d[1]) <= 1e-6f, "logits %a, %a, kind %d: %g, %g",
                          (double)x[0], (double)x[1], kind, (double)r.d[0], (double)r.d[1]);
            }
    const float far[] = {-1e30f, 1e30f};
    const row_result wrong = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, far, 2, NULL, 0);
    cr_expect(wrong.loss == (double)1e30f - (double)-1e30f && wrong.d[0] == -1.0f && wrong.d[1] == 1.0f, "%g", wrong.loss);
    const row_result right = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, far, 2, NULL, 1);
    cr_expect(right.loss == 0.0 && right.d[0] == 0.0f && right.d[1] == 0.0f, "%g", right.loss);
    gradus_context_destroy(context);
}

/* A logit of -infinity is a probability of 0: no loss where the target is 0, an infinite one elsewhere. +infinity and NaN make the row NaN. */
Test(losses, cross_entropy_of_infinite_logits) {
    static const float rows[][2] = {{0.0f, 1.0f}, {1.0f, 0.0f}};
    const float low[] = {-INFINITY, 3.0f}, high[] = {INFINITY, 3.0f}, none[] = {NAN, 3.0f};
    gradus_context *context = context_of(1);
    row_result r = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, low, 2, rows[0], 0);
    cr_expect(r.status == GRADUS_OK && r.loss == 0.0 && r.d[0] == 0.0f && r.d[1] == 0.0f, "%g", r.loss);
    r = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, low, 2, rows[1], 0);
    cr_expect(r.status == GRADUS_NOT_FINITE && r.loss == (double)INFINITY);
    r = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, high, 2, rows[1], 0);
    cr_expect(r.status == GRADUS_NOT_FINITE && isnan(r.loss));
    r = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, none, 2, rows[0], 0);
    cr_expect(r.status == GRADUS_NOT_FINITE && isnan(r.loss));
    gradus_context_destroy(context);
}

/* Every extreme logit with every kind of target: finite, not negative, and a gradient that is a difference of probabilities. */
Test(losses, binary_cross_entropy_is_safe_for_any_logit) {
    static const float targets[] = {0.0f, 1.0f, 0.25f};
    gradus_context *context = context_of(1);
    for (size_t a = 0; a < EXTREMES; a++)
        for (size_t k = 0; k < 3; k++) {
            const row_result r = loss_of(context, GRADUS_LOSS_BINARY_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SIGMOID, &extremes[a], 1, &targets[k], 0);
            const double z = (double)extremes[a], t = (double)targets[k], wanted = fmax(z, 0.0) - z * t + log1p(exp(-fabs(z)));
            cr_expect(r.status == GRADUS_OK && fabs(r.loss - wanted) <= unit * wanted + 0x1p-149, "logit %a, target %g: %g, expected %g", z, t,
                      r.loss, wanted);
            cr_expect(fabs((double)r.d[0] - (1.0 / (1.0 + exp(-z)) - t)) <= unit, "logit %a, target %g: %g", z, t, (double)r.d[0]);
        }
    gradus_context_destroy(context);
}

/* An infinite logit is a probability of 0 or 1: no loss where the target agrees, an infinite one elsewhere. */
Test(losses, binary_cross_entropy_of_infinite_logits) {
    static const float infinities[] = {-INFINITY, INFINITY}, targets[] = {0.0f, 1.0f, 0.5f};
    gradus_context *context = context_of(1);
    for (int a = 0; a < 2; a++)
        for (int k = 0; k < 3; k++) {
            const row_result r =
                loss_of(context, GRADUS_LOSS_BINARY_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SIGMOID, &infinities[a], 1, &targets[k], 0);
            if (a == k)
                cr_expect(r.status == GRADUS_OK && r.loss == 0.0 && r.d[0] == 0.0f, "%d: %g", a, r.loss);
            else
                cr_expect(r.status == GRADUS_NOT_FINITE && r.loss == (double)INFINITY, "%d, %d: %g", a, k, r.loss);
        }
    gradus_context_destroy(context);
}

/* -- regression losses by hand: errors of 0, inside, on and outside huber's bend -- */

typedef struct by_hand {
    gradus_loss loss;
    double value; /* over the four errors -3, 1, 0, 0.5 */
    float slopes[4];
} by_hand;

Test(losses, of_errors_by_hand) {
    static const float y[] = {-2.0f, 3.0f, 4.0f, 1.0f}, t[] = {1.0f, 2.0f, 4.0f, 0.5f};
    static const by_hand cases[] = {
        {GRADUS_LOSS_MSE, (9.0 + 1.0 + 0.25) / 4.0, {-1.5f, 0.5f, 0.0f, 0.25f}},
        {GRADUS_LOSS_HALF_MSE, (9.0 + 1.0 + 0.25) / 2.0, {-3.0f, 1.0f, 0.0f, 0.5f}},
        {GRADUS_LOSS_MAE, (3.0 + 1.0 + 0.5) / 4.0, {-0.25f, 0.25f, 0.0f, 0.25f}},
        {GRADUS_LOSS_HUBER, (2.5 + 0.5 + 0.125) / 4.0, {-0.25f, 0.25f, 0.0f, 0.125f}},
    };
    gradus_context *context = context_of(1);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const row_result r = loss_of(context, cases[c].loss, 0.0, GRADUS_ACTIVATION_IDENTITY, y, 4, t, 0);
        cr_expect_eq(r.loss, cases[c].value, "%s: %g", gradus_loss_name(cases[c].loss), r.loss);
        for (int j = 0; j < 4; j++)
            cr_expect_eq(test_float_bits(r.d[j]), test_float_bits(cases[c].slopes[j]), "%s, output %d: %g", gradus_loss_name(cases[c].loss), j,
                         (double)r.d[j]);
    }
    gradus_context_destroy(context);
}

/* NaN in an output is a loss of NaN, whatever the loss compares. */
Test(losses, keep_nan) {
    static const float y[] = {NAN, 1.0f}, t[] = {0.0f, 0.0f};
    gradus_context *context = context_of(1);
    for (size_t k = 0; k < LOSSES; k++) {
        const gradus_activation activation = cross(losses[k])    ? GRADUS_ACTIVATION_SOFTMAX
                                             : binary(losses[k]) ? GRADUS_ACTIVATION_SIGMOID
                                                                 : GRADUS_ACTIVATION_IDENTITY;
        const row_result r = loss_of(context, losses[k], 0.0, activation, y, 2, t, 0);
        cr_expect(r.status == GRADUS_NOT_FINITE && isnan(r.loss), "%s: %g", gradus_loss_name(losses[k]), r.loss);
    }
    gradus_context_destroy(context);
}

/* -- classes are rows of one 1; smoothing is written-out targets: the same bits -- */

static void same(const row_result *a, const row_result *b, size_t outputs, const char *what) {
    cr_expect_eq(test_double_bits(a->loss), test_double_bits(b->loss), "%s: %a, %a", what, a->loss, b->loss);
    for (size_t j = 0; j < outputs; j++)
        cr_expect_eq(test_float_bits(a->d[j]), test_float_bits(b->d[j]), "%s, output %zu: %a, %a", what, j, (double)a->d[j], (double)b->d[j]);
}

Test(losses, classes_are_rows_of_one_1) {
    static const float x[] = {0.3f, -1.7f, 2.2f};
    gradus_context *context = context_of(1);
    for (size_t k = 0; k < LOSSES; k++)
        for (int32_t label = 0; label < 3; label++) {
            const gradus_activation activation = cross(losses[k]) ? GRADUS_ACTIVATION_SOFTMAX : GRADUS_ACTIVATION_SIGMOID;
            const float row[] = {label == 0, label == 1, label == 2}, number[] = {(float)label};
            const row_result by_class = loss_of(context, losses[k], 0.0, activation, x, 3, NULL, label);
            const row_result by_row = loss_of(context, losses[k], 0.0, activation, x, 3, row, 0);
            same(&by_class, &by_row, 3, gradus_loss_name(losses[k]));
            if (cross(losses[k]) || label == 2) continue;
            const row_result one_class = loss_of(context, losses[k], 0.0, activation, x, 1, NULL, label);
            const row_result one_number = loss_of(context, losses[k], 0.0, activation, x, 1, number, 0);
            same(&one_class, &one_number, 1, "one output");
        }
    gradus_context_destroy(context);
}

/* The least error there is has a sign. */
Test(losses, absolute_error_of_a_subnormal) {
    static const float errors[] = {0x1p-149f, -0x1p-149f, 0.0f}, slopes[] = {1.0f, -1.0f, 0.0f}, zero[] = {0.0f};
    gradus_context *context = context_of(1);
    for (size_t k = 0; k < 3; k++) {
        const row_result r = loss_of(context, GRADUS_LOSS_MAE, 0.0, GRADUS_ACTIVATION_IDENTITY, &errors[k], 1, zero, 0);
        cr_expect_eq(r.d[0], slopes[k], "%a: %a", (double)errors[k], (double)r.d[0]);
        cr_expect_eq(r.loss, fabs((double)errors[k]));
    }
    gradus_context_destroy(context);
}

/* Just past 1 the slope is 1, not the error. */
Test(losses, huber_is_cut_at_1) {
    static const float errors[] = {1.0f + FLT_EPSILON, -1.0f - FLT_EPSILON, 1.0f - FLT_EPSILON, 1.0f, -1.0f};
    static const float slopes[] = {1.0f, -1.0f, 1.0f - FLT_EPSILON, 1.0f, -1.0f}, zero[] = {0.0f};
    gradus_context *context = context_of(1);
    for (size_t k = 0; k < sizeof errors / sizeof errors[0]; k++) {
        const row_result r = loss_of(context, GRADUS_LOSS_HUBER, 0.0, GRADUS_ACTIVATION_IDENTITY, &errors[k], 1, zero, 0);
        cr_expect_eq(r.d[0], slopes[k], "%a: %a", (double)errors[k], (double)r.d[0]);
    }
    gradus_context_destroy(context);
}

/* Many outputs go piece by piece. */
Test(losses, binary_cross_entropy_of_many_outputs_is_that_of_each) {
    gradus_context *context = context_of(1);
    float x[MOST], t[MOST];
    for (size_t j = 0; j < MOST; j++) x[j] = (float)j / 8.0f - 3.7f, t[j] = (float)(j % 5) / 4.0f;
    for (size_t outputs = MOST - 2; outputs <= MOST; outputs++) {
        const row_result all = loss_of(context, GRADUS_LOSS_BINARY_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SIGMOID, x, outputs, t, 0);
        double sum = 0.0;
        for (size_t j = 0; j < outputs; j++) {
            const row_result alone = loss_of(context, GRADUS_LOSS_BINARY_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SIGMOID, x + j, 1, t + j, 0);
            sum += alone.loss;
            cr_expect(fabs((double)all.d[j] * (double)outputs - (double)alone.d[0]) <= 1e-7, "%zu of %zu: %a, alone %a", j, outputs, (double)all.d[j],
                      (double)alone.d[0]);
        }
        cr_expect_eq(test_double_bits(all.loss), test_double_bits(sum / (double)outputs), "%zu outputs: %a, one by one %a", outputs, all.loss, sum);
    }
    gradus_context_destroy(context);
}

Test(losses, smoothing_is_targets_written_out) {
    static const float x[] = {0.3f, -1.7f, 2.2f, 0.9f};
    const float keep = (float)(1.0 - 0.3), spread = (float)(0.3 / 4.0), row[] = {spread, spread, keep + spread, spread}, half[] = {0, 0.5f, 0.5f, 0};
    const float half_smoothed[] = {spread, keep * 0.5f + spread, keep * 0.5f + spread, spread};
    gradus_context *context = context_of(1);
    const row_result smoothed = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.3, GRADUS_ACTIVATION_SOFTMAX, x, 4, NULL, 2);
    const row_result written = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, x, 4, row, 0);
    same(&smoothed, &written, 4, "a class");
    const row_result dense = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.3, GRADUS_ACTIVATION_SOFTMAX, x, 4, half, 0);
    const row_result dense_written = loss_of(context, GRADUS_LOSS_CROSS_ENTROPY, 0.0, GRADUS_ACTIVATION_SOFTMAX, x, 4, half_smoothed, 0);
    same(&dense, &dense_written, 4, "numbers");
    gradus_context_destroy(context);
}

/* -- names and numbers: they are for ever -- */

Test(losses, have_their_names_and_numbers) {
    static const char *const names[] = {NULL, "cross-entropy", "binary-cross-entropy", "mse", "half-mse", "mae", "huber"};
    for (gradus_loss k = 0; k <= (gradus_loss)LOSSES; k++) {
        if (names[k]) cr_expect_str_eq(gradus_loss_name(k), names[k]);
        if (names[k]) cr_expect_eq(gradus_loss_from_name(names[k]), k);
    }
    cr_expect_null(gradus_loss_name(0));
    cr_expect_null(gradus_loss_name(7));
    cr_expect_null(gradus_loss_name(-1));
    cr_expect_eq(gradus_loss_from_name("MSE"), 0);
}
