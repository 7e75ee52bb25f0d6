/* Sample weights: equal ones change no bit, nor does a factor of 2; samples of weight 0 are not there; the same bits by every plan and in parts. */
#include "nets.h"
#include "nn/plan.h"

enum { SAMPLES = 200 };

static net_shape shape_here(gradus_loss loss) {
    const gradus_activation last = loss == GRADUS_LOSS_CROSS_ENTROPY          ? GRADUS_ACTIVATION_SOFTMAX
                                   : loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY ? GRADUS_ACTIVATION_SIGMOID
                                                                              : GRADUS_ACTIVATION_TANH;
    net_shape shape = shape_of(11, 2, (const size_t[]){20, 3}, GRADUS_ACTIVATION_SIGMOID, last);
    shape.loss = loss;
    return shape;
}

static void weigh(sample_set *set, float *weights, size_t count) { set->batch.weights = gradus_tensor_vector(GRADUS_DTYPE_F32, weights, count); }

/* The net after two steps, the losses of the last one and of an evaluation. */
typedef struct outcome {
    char digest[DIGEST];
    double loss, evaluated;
} outcome;

/* `part`: samples a call. */
static outcome train(gradus_context *context, const net_shape *shape, const gradus_batch *batch, size_t part) {
    outcome o;
    gradus_evaluation evaluation;
    gradus_net *net = make_net(context, shape, 3);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam:lr=0.01");
    for (int step = 0; step < 2; step++) {
        for (size_t first = 0; first < batch->samples; first += part) {
            gradus_batch b = *batch;
            b.first = first;
            b.total = batch->samples;
            b.samples = b.inputs.rows = part < batch->samples - first ? part : batch->samples - first;
            b.inputs.data = (float *)batch->inputs.data + first * shape->inputs;
            if (b.targets.dtype == GRADUS_DTYPE_F32) {
                b.targets.data = (float *)batch->targets.data + first * last_outputs(shape);
                b.targets.rows = b.samples;
            } else {
                b.targets.data = (uint8_t *)batch->targets.data + first;
                b.targets.columns = b.samples;
            }
            if (b.weights.data) {
                b.weights = gradus_tensor_vector(GRADUS_DTYPE_F32, (float *)batch->weights.data + first, b.samples);
                cr_assert_eq(gradus_weights_total(context, &batch->weights, &b.total_weight), GRADUS_OK);
            }
            cr_assert_eq(gradus_net_step(context, net, optimizer, &b, &o.loss), GRADUS_OK, "%s", gradus_context_message(context));
            cr_assert(isfinite(o.loss));
        }
    }
    gradus_evaluation_init(&evaluation);
    cr_assert_eq(gradus_net_evaluate(context, net, batch, &evaluation), GRADUS_OK);
    o.evaluated = evaluation.loss;
    double loss;
    cr_assert_eq(gradus_net_loss_gradient(context, net, batch, NULL, &loss), GRADUS_OK);
    cr_assert_eq(test_double_bits(loss), test_double_bits(o.evaluated));
    digest_of(context, net, o.digest);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    return o;
}

static void check_equal(outcome a, outcome b, const char *what) {
    cr_assert(strcmp(a.digest, b.digest) == 0 && test_double_bits(a.loss) == test_double_bits(b.loss) &&
                  test_double_bits(a.evaluated) == test_double_bits(b.evaluated),
              "%s: %a and %a", what, a.loss, b.loss);
}

Test(weights, equal_ones) {
    gradus_context *context = context_with(NULL, 1);
    for (gradus_loss loss = 1; gradus_loss_name(loss); loss++) {
        const net_shape shape = shape_here(loss);
        sample_set set = make_samples(&shape, SAMPLES, 0, 1);
        float weights[SAMPLES];
        const outcome plain = train(context, &shape, &set.batch, SAMPLES);
        for (int k = 0; k < 3; k++) {
            for (size_t i = 0; i < SAMPLES; i++) weights[i] = k == 0 ? 1.0f : k == 1 ? 4.0f : 0.125f;
            weigh(&set, weights, SAMPLES);
            check_equal(plain, train(context, &shape, &set.batch, SAMPLES), gradus_loss_name(loss));
        }
        free_samples(&set);
    }
    gradus_context_destroy(context);
}

/* Those of weight 0 at the end might as well be left out, with targets that are NaN. */
Test(weights, zeros) {
    gradus_context *context = context_with(NULL, 1);
    for (gradus_loss loss = 1; gradus_loss_name(loss); loss++) {
        const net_shape shape = shape_here(loss);
        sample_set set = make_samples(&shape, SAMPLES, OTHER_TARGETS * from_logits(loss), 1);
        float weights[SAMPLES];
        gradus_batch fewer = set.batch;
        for (size_t i = 0; i < SAMPLES; i++) weights[i] = i < 70 ? 0.25f + (float)(i % 7) : 0.0f;
        weigh(&set, weights, SAMPLES);
        for (size_t i = 70 * 3; i < SAMPLES * 3; i++) set.targets[i] = NAN;
        fewer.samples = fewer.inputs.rows = fewer.targets.rows = 70;
        fewer.weights = gradus_tensor_vector(GRADUS_DTYPE_F32, weights, 70);
        check_equal(train(context, &shape, &fewer, 70), train(context, &shape, &set.batch, SAMPLES), gradus_loss_name(loss));
        free_samples(&set);
    }
    gradus_context_destroy(context);
}

Test(weights, the_same_bits_everywhere) {
    gradus_context *context = context_with(NULL, 1);
    const char *isa;
    for (gradus_loss loss = 1; gradus_loss_name(loss); loss++) {
        const net_shape shape = shape_here(loss);
        sample_set set = make_samples(&shape, SAMPLES, 0, 1);
        float weights[SAMPLES];
        uint64_t random = 4;
        for (size_t i = 0; i < SAMPLES; i++) weights[i] = i < 64 ? 0.0f : (float)(3.0 * test_uniform(&random)); /* the first part weighs nothing */
        weigh(&set, weights, SAMPLES);
        const outcome wanted = train(context, &shape, &set.batch, SAMPLES);
        check_equal(wanted, train(context, &shape, &set.batch, 64), "parts of 64");
        check_equal(wanted, train(context, &shape, &set.batch, 128), "parts of 128");
        for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) {
            gradus_context *other = context_with(isa, 2);
            gd_plan_test_mode(other, 64, i % 2);
            check_equal(wanted, train(other, &shape, &set.batch, SAMPLES), isa);
            gradus_context_destroy(other);
        }
        free_samples(&set);
    }
    gradus_context_destroy(context);
}

Test(weights, totals) {
    gradus_context *context = context_with(NULL, 1);
    float weights[300];
    double total, exact = 0.0;
    uint64_t random = 9;
    for (size_t i = 0; i < 300; i++) exact += weights[i] = (float)test_uniform(&random);
    gradus_tensor tensor = gradus_tensor_vector(GRADUS_DTYPE_F32, weights, 300);
    cr_assert_eq(gradus_weights_total(context, &tensor, &total), GRADUS_OK);
    cr_assert(fabs(total - exact) < 1e-11);
    cr_assert_eq(gradus_weights_total(context, NULL, &total), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_weights_total(context, &tensor, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_weights_total(NULL, &tensor, &total), GRADUS_INVALID_ARGUMENT);
    weights[7] = -1.0f;
    cr_assert_eq(gradus_weights_total(context, &tensor, &total), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "the weight of sample 7 is -1"));
    gradus_context_destroy(context);
}

Test(weights, what_is_refused) {
    gradus_context *context = context_with(NULL, 1);
    const net_shape shape = shape_here(GRADUS_LOSS_MSE);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd");
    sample_set set = make_samples(&shape, SAMPLES, 0, 1);
    float weights[SAMPLES] = {0};
    double loss;
    weigh(&set, weights, SAMPLES);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "the weights add up to 0"));
    static const float bad[] = {-1.0f, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        weights[3] = bad[i];
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(context, "the weight of sample 3 is"));
    }
    weights[3] = 1.0f;
    set.batch.total_weight = -1.0;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    set.batch.total_weight = NAN;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    set.batch.total_weight = 0.0;
    weigh(&set, weights, SAMPLES - 1);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    weigh(&set, weights, SAMPLES);
    set.batch.weights.dtype = GRADUS_DTYPE_F64;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_UNSUPPORTED);
    weigh(&set, weights, 64);
    set.batch.samples = set.batch.inputs.rows = set.batch.targets.rows = 64;
    set.batch.total = SAMPLES;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "needs total_weight"));
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}
