/* A batch in several calls: the bits of the whole one, however it is cut; the order of the parts, and what ends a batch early. */
#include "counting.h"
#include "kernels/optimizer.h"
#include "net_pairs.h"
#include "nn/net.h"
#include "nn/plan.h"

enum { MOST_PARTS = 40 };

/* Samples `first` .. of a batch, as a batch of their own. */
static gradus_batch part_of(const gradus_batch *whole, size_t first, size_t samples) {
    gradus_batch part = *whole;
    part.first = first;
    part.total = whole->samples;
    part.samples = samples;
    part.inputs.data = (char *)whole->inputs.data + (ptrdiff_t)first * whole->inputs.row_stride * (whole->inputs.dtype == GRADUS_DTYPE_U8 ? 1 : 4);
    part.inputs.rows = samples;
    if (whole->targets.dtype == GRADUS_DTYPE_F32) {
        part.targets.data = (float *)whole->targets.data + (ptrdiff_t)first * whole->targets.row_stride;
        part.targets.rows = samples;
    } else {
        part.targets.data = (char *)whole->targets.data + first * (whole->targets.dtype == GRADUS_DTYPE_U8 ? 1 : 4);
        part.targets.columns = samples;
    }
    return part;
}

/* The batch in parts of these numbers of leaves (the last one ends it). */
static void step_in_parts(gradus_context *context, pair p, const gradus_batch *batch, const size_t *leaves, double *loss) {
    size_t first = 0;
    for (size_t i = 0; first < batch->samples; i++) {
        const size_t left = batch->samples - first, samples = leaves[i] * 64 < left ? leaves[i] * 64 : left;
        const gradus_batch part = part_of(batch, first, samples);
        cr_assert_eq(gradus_net_step(context, p.net, p.optimizer, &part, loss), GRADUS_OK, "%s", gradus_context_message(context));
        first += samples;
    }
}

static const net_shape *shape_at(size_t i) {
    static net_shape shapes[4];
    shapes[0] = shape_of(3, 2, (const size_t[]){10, 1}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SIGMOID);
    shapes[1] = shape_of(71, 1, (const size_t[]){33}, 0, GRADUS_ACTIVATION_SOFTMAX);
    shapes[2] = shape_of(40, 3, (const size_t[]){35, 7, 12}, GRADUS_ACTIVATION_SILU, GRADUS_ACTIVATION_SOFTMAX);
    shapes[2].dropout[0] = shapes[2].dropout[1] = 0.3;
    shapes[2].input_dropout = 0.1;
    shapes[3] = shape_of(9, 2, (const size_t[]){64, 18}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY);
    return i < 4 ? &shapes[i] : NULL;
}

/* Two steps of both, and the second whole or in other parts. */
static void check_cut(gradus_context *context, const net_shape *shape, size_t samples, unsigned kind, const size_t *leaves, const char *optimizer) {
    const pair whole = make_pair(context, shape, optimizer), parts = make_pair(context, shape, optimizer);
    for (uint64_t step = 0; step < 2; step++) {
        sample_set set = make_samples(shape, samples, kind, step + samples);
        double losses[2];
        set.batch.step = step;
        set.batch.seed = 17;
        cr_assert_eq(gradus_net_step(context, whole.net, whole.optimizer, &set.batch, &losses[0]), GRADUS_OK);
        step_in_parts(context, parts, &set.batch, leaves + step, &losses[1]);
        cr_assert(test_double_bits(losses[0]) == test_double_bits(losses[1]) && pairs_equal(whole, parts),
                  "%zu inputs, %zu samples, parts of %zu, %zu, ... leaves, step %d", shape->inputs, samples, leaves[0], leaves[1], (int)step);
        free_samples(&set);
    }
    free_pair(context, whole);
    free_pair(context, parts);
}

static void check_cuts(const char *isa, uint32_t threads, int mode) {
    gradus_context *context = context_with(isa, threads);
    uint64_t random = 5;
    const net_shape *shape;
    gd_phases_test_mode(mode);
    for (size_t s = 0; (shape = shape_at(s)) != NULL; s++)
        for (size_t i = 0; i < 12; i++) {
            const size_t samples = 65 + test_random(&random) % (i < 6 ? 400 : 1200);
            size_t leaves[MOST_PARTS];
            for (size_t k = 0; k < MOST_PARTS; k++) leaves[k] = 1 + test_random(&random) % (i % 2 ? 3 : 9);
            gd_plan_test_mode(context, i % 3 == 1 ? 64 : i % 3 == 2 ? 256 : 0, i % 4 == 3);
            check_cut(context, shape, samples, i % 2 ? INPUTS_U8 : ROWS_STRIDED, leaves, i % 2 ? "adam:lr=0.01" : "momentum:lr=0.02");
        }
    gradus_context_destroy(context);
}

Test(accumulate, the_same_bits) { check_cuts(NULL, 1, 0); }
Test(accumulate, the_same_bits_on_three_threads) { check_cuts(NULL, 3, 1); }

Test(accumulate, the_same_bits_with_every_instruction_set) {
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) check_cuts(isa, 1, 0);
}

/* 26 leaves at once, as twice 13, as 6, 7, 6 and 7. */
Test(accumulate, halves_and_quarters) {
    gradus_context *context = context_with(NULL, 2);
    const size_t cuts[3][MOST_PARTS] = {{26, 26}, {13, 13, 13}, {6, 7, 6, 7, 6}};
    for (size_t i = 0; i < 3; i++) check_cut(context, shape_at(2), 1664, INPUTS_U8, cuts[i], "adam");
    gradus_context_destroy(context);
}

static gradus_status step_part(gradus_context *context, pair p, const gradus_batch *batch, size_t first, size_t samples, double *loss) {
    const gradus_batch part = part_of(batch, first, samples);
    return gradus_net_step(context, p.net, p.optimizer, &part, loss);
}

Test(accumulate, order_and_sizes) {
    enum { SAMPLES = 300 };
    gradus_context *context = context_with(NULL, 1);
    const net_shape *shape = shape_at(3);
    const pair met = make_pair(context, shape, "adam"), wanted = make_pair(context, shape, "adam"), before = make_pair(context, shape, "adam");
    sample_set set = make_samples(shape, SAMPLES, 0, 1);
    static const struct {
        size_t first, samples;
        const char *message;
    } bad[] = {{64, 64, "a part from 64 on of 300 samples, but the next one is from 128 on of 300"},
               {192, 108, "the next one is from 128 on"},
               {100, 64, "first is 100; a part begins at a multiple of 64, for example 64 or 128"},
               {128, 100, "a part of 100 samples; all but the last have a multiple of 64: 64 or 128"},
               {128, 150, "a multiple of 64: 128 or 172"},
               {128, 10, "all but the last have a multiple of 64, at least 64 here"},
               {256, 10, "at least 44 here"}};
    double loss, expected;
    cr_assert_eq(gradus_net_step(context, wanted.net, wanted.optimizer, &set.batch, &expected), GRADUS_OK);
    cr_assert_eq(step_part(context, met, &set.batch, 128, 64, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "the next one is from 0 on"));
    cr_assert_eq(step_part(context, met, &set.batch, 0, 128, &loss), GRADUS_OK);
    cr_assert(pairs_equal(met, before), "nothing changes before the last part");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(step_part(context, met, &set.batch, bad[i].first, bad[i].samples, &loss), GRADUS_INVALID_ARGUMENT, "%zu", i);
        cr_assert(says(context, bad[i].message), "%s", gradus_context_message(context));
    }
    gradus_batch part = part_of(&set.batch, 128, 128);
    part.total = 100;
    cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &part, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "128 samples from 128 on are more than the batch's total of 100"));
    part.total = SAMPLES + 64;
    cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &part, &loss), GRADUS_INVALID_ARGUMENT);
    part.total = SAMPLES;
    part.step = 1;
    cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &part, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "same seed and step"));
    part.step = 0;
    cr_assert_eq(gradus_net_loss_gradient(context, met.net, &part, NULL, &loss), GRADUS_UNSUPPORTED);
    gradus_evaluation evaluation;
    gradus_evaluation_init(&evaluation);
    cr_assert_eq(gradus_net_evaluate(context, met.net, &part, &evaluation), GRADUS_UNSUPPORTED);
    cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &part, &loss), GRADUS_OK);
    cr_assert_eq(step_part(context, met, &set.batch, 256, 44, &loss), GRADUS_OK);
    cr_assert(pairs_equal(met, wanted) && loss == expected);
    cr_assert_eq(step_part(context, met, &set.batch, 64, 64, &loss), GRADUS_INVALID_ARGUMENT);
    free_samples(&set);
    free_pair(context, met);
    free_pair(context, wanted);
    free_pair(context, before);
    gradus_context_destroy(context);
}

/* A batch that is given up, by a new one or by a loss that is not finite, leaves nothing behind. */
Test(accumulate, given_up) {
    enum { SAMPLES = 300 };
    gradus_context *context = context_with(NULL, 1);
    const net_shape *shape = shape_at(3);
    const pair met = make_pair(context, shape, "adam"), wanted = make_pair(context, shape, "adam"), before = make_pair(context, shape, "adam");
    sample_set set = make_samples(shape, SAMPLES, 0, 1), other = make_samples(shape, SAMPLES, 0, 2);
    double loss, expected;
    cr_assert_eq(gradus_net_step(context, wanted.net, wanted.optimizer, &set.batch, &expected), GRADUS_OK);
    cr_assert_eq(step_part(context, met, &other.batch, 0, 192, &loss), GRADUS_OK);
    float *x = other.floats + 200 * shape->inputs, kept = *x;
    *x = NAN;
    cr_assert_eq(step_part(context, met, &other.batch, 192, 64, &loss), GRADUS_NOT_FINITE);
    cr_assert(isnan(loss) && says(context, "layer 0"));
    *x = kept;
    cr_assert_eq(step_part(context, met, &other.batch, 192, 64, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(pairs_equal(met, before));
    cr_assert_eq(step_part(context, met, &other.batch, 0, 64, &loss), GRADUS_OK);
    gradus_interrupt(context);
    cr_assert_eq(step_part(context, met, &other.batch, 64, 64, &loss), GRADUS_INTERRUPTED);
    cr_assert_eq(step_part(context, met, &other.batch, 64, 64, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(step_part(context, met, &other.batch, 0, 64, &loss), GRADUS_OK);
    const size_t leaves[] = {3, 1, 9};
    step_in_parts(context, met, &set.batch, leaves, &loss);
    cr_assert(pairs_equal(met, wanted) && loss == expected);
    cr_assert_eq(step_part(context, met, &other.batch, 0, 64, &loss), GRADUS_OK);
    for (int k = 0; k < 2; k++)
        cr_assert_eq(gradus_net_step(context, k ? met.net : wanted.net, k ? met.optimizer : wanted.optimizer, &set.batch, &loss), GRADUS_OK);
    cr_assert(pairs_equal(met, wanted));
    cr_assert_eq(step_part(context, met, &other.batch, 64, 64, &loss), GRADUS_INVALID_ARGUMENT);
    free_samples(&set);
    free_samples(&other);
    free_pair(context, met);
    free_pair(context, wanted);
    free_pair(context, before);
    gradus_context_destroy(context);
}

/* The loss so far, as each part tells it. */
Test(accumulate, the_loss_so_far) {
    gradus_context *context = context_with(NULL, 1);
    const net_shape *shape = shape_at(3);
    const pair p = make_pair(context, shape, "sgd");
    sample_set set = make_samples(shape, 200, 0, 1);
    for (size_t first = 0; first < 200; first += 64) {
        const size_t samples = first + 64 < 200 ? 64 : 200 - first;
        gradus_batch so_far = part_of(&set.batch, 0, first + samples);
        double loss, expected;
        so_far.total = 0;
        cr_assert_eq(gradus_net_loss_gradient(context, p.net, &so_far, NULL, &expected), GRADUS_OK);
        cr_assert_eq(step_part(context, p, &set.batch, first, samples, &loss), GRADUS_OK);
        cr_assert_eq(test_double_bits(loss), test_double_bits(expected));
    }
    free_samples(&set);
    free_pair(context, p);
    gradus_context_destroy(context);
}

/* Any allocation may fail: nothing changes, nothing leaks, and the batch can be begun again. */
Test(accumulate, out_of_memory) {
    counting c;
    const gradus_context_config config = counting_config(&c, 1);
    gradus_context *context = make_context(&config);
    const net_shape *shape = shape_at(2);
    const pair before = make_pair(context, shape, "adam"), wanted = make_pair(context, shape, "adam");
    sample_set set = make_samples(shape, 1000, 0, 1);
    const size_t leaves[] = {3, 2, 5, 9};
    double loss;
    step_in_parts(context, wanted, &set.batch, leaves, &loss);
    bool over = false;
    for (size_t at = 1; !over; at++) {
        const pair met = make_pair(context, shape, "adam");
        c.refused = false;
        c.refuse_at = c.asked + at;
        gradus_status status = step_part(context, met, &set.batch, 0, 128, &loss);
        if (status == GRADUS_OK) status = step_part(context, met, &set.batch, 128, 832, &loss);
        over = !c.refused;
        c.refuse_at = 0;
        cr_assert(status == (over ? GRADUS_OK : GRADUS_OUT_OF_MEMORY) && pairs_equal(met, before));
        step_in_parts(context, met, &set.batch, leaves, &loss);
        cr_assert(pairs_equal(met, wanted));
        free_pair(context, met);
    }
    free_samples(&set);
    free_pair(context, before);
    free_pair(context, wanted);
    gradus_context_destroy(context);
    counting_check(&c);
}
