/* The plans of a step: updates on finished tiles or in phases of their own, a batch whole or in parts. The bits are those of the first, whole, which
 * other suites hold against references; what fails or is stopped changes nothing; the scratch does not grow with the batch.
 * runs: slow */
#include "counting.h"
#include "kernels/optimizer.h"
#include "net_pairs.h"
#include "nn/net.h"
#include "nn/plan.h"

enum { WHOLE = 1 << 20, STEPS = 3 };

static const struct {
    size_t part_samples;
    bool separate;
} plans[] = {{WHOLE, false}, {WHOLE, true}, {64, false}, {64, true}, {128, false}, {256, true}, {0, false}};
enum { PLANS = sizeof plans / sizeof plans[0] };

static void use_plan(gradus_context *context, size_t i) { gd_plan_test_mode(context, plans[i].part_samples, plans[i].separate); }

/* Narrow and wide layers, pieces of many and of few rows, odd sizes; derivatives from inputs and from outputs; dropout. */
static const net_shape *shape_at(size_t i) {
    static net_shape shapes[7];
    shapes[0] = shape_of(2, 2, (const size_t[]){10, 1}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SIGMOID);
    shapes[1] = shape_of(71, 1, (const size_t[]){33}, 0, GRADUS_ACTIVATION_SOFTMAX);
    shapes[2] = shape_of(300, 3, (const size_t[]){7, 40, 12}, GRADUS_ACTIVATION_SILU, GRADUS_ACTIVATION_SOFTMAX);
    shapes[3] = shape_of(9, 3, (const size_t[]){33, 64, 18}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY);
    shapes[4] = shape_of(130, 2, (const size_t[]){96, 16}, GRADUS_ACTIVATION_GELU, GRADUS_ACTIVATION_SOFTMAX);
    shapes[5] = shape_of(50, 3, (const size_t[]){70, 9, 20}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
    shapes[5].dropout[0] = shapes[5].dropout[1] = 0.3;
    shapes[6] = shape_of(21, 2, (const size_t[]){40, 3}, GRADUS_ACTIVATION_SILU, GRADUS_ACTIVATION_IDENTITY);
    shapes[6].input_dropout = 0.1;
    shapes[6].dropout[0] = 0.75;
    return i < 7 ? &shapes[i] : NULL;
}

static const char *const optimizers[] = {"sgd:lr=0.05,weight_decay=0.1", "momentum:lr=0.02", "adamw:lr=0.01,weight_decay=0.2",
                                         "rmsprop_centered_momentum:lr=0.001"};

/* Some steps of two pairs, the first whole and on tiles, the second by another plan, which the last of its steps finds in its scratch. */
static void check_steps(gradus_context *const contexts[2], const net_shape *shape, size_t samples, unsigned kind, const char *optimizer) {
    for (size_t i = 1; i <= PLANS; i++) {
        const pair pairs[2] = {make_pair(contexts[0], shape, optimizer), make_pair(contexts[1], shape, optimizer)};
        for (uint64_t step = 0; step < STEPS; step++) {
            sample_set set = make_samples(shape, samples, kind, step);
            const size_t taken[2] = {0, i < PLANS ? i : step + 2}; /* the last pair changes its plan */
            double losses[2];
            for (int k = 0; k < 2; k++) {
                use_plan(contexts[k], taken[k]);
                cr_assert_eq(gradus_net_step(contexts[k], pairs[k].net, pairs[k].optimizer, &set.batch, &losses[k]), GRADUS_OK);
            }
            cr_assert(test_double_bits(losses[0]) == test_double_bits(losses[1]) && pairs_equal(pairs[0], pairs[1]),
                      "%zu inputs, %zu samples of kind %u, %s, plan %zu, step %d", shape->inputs, samples, kind, optimizer, taken[1], (int)step);
            free_samples(&set);
        }
        for (int k = 0; k < 2; k++) free_pair(contexts[k], pairs[k]);
    }
}

/* The contexts of both. */
static void make_contexts(gradus_context *contexts[2], const char *isa, uint32_t threads) {
    for (int k = 0; k < 2; k++) contexts[k] = context_with(isa, threads);
}

static void free_contexts(gradus_context *contexts[2]) {
    for (int k = 0; k < 2; k++) gradus_context_destroy(contexts[k]);
}

static void check_batches(uint32_t threads, int mode) {
    static const size_t batches[] = {1, 63, 64, 65, 128, 200, 449, 1000};
    const net_shape *shape;
    gradus_context *contexts[2];
    make_contexts(contexts, NULL, threads);
    gd_phases_test_mode(mode);
    for (size_t s = 0; (shape = shape_at(s)) != NULL; s++)
        for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
            check_steps(contexts, shape, batches[b], b % 2 ? INPUTS_U8 : ROWS_STRIDED, optimizers[(s + b) % 4]);
    for (size_t o = 0; o < 4; o++) check_steps(contexts, shape_at(2), 385, 0, optimizers[o]);
    free_contexts(contexts);
}

Test(net_plans, the_same_bits_on_one_thread) { check_batches(1, 0); }

Test(net_plans, the_same_bits_on_three_threads) { check_batches(3, 1); }

Test(net_plans, the_same_bits_with_every_instruction_set) {
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) {
        gradus_context *contexts[2];
        make_contexts(contexts, isa, 1);
        for (size_t s = 1; s < 4; s++) check_steps(contexts, shape_at(s), 333, 0, optimizers[2]);
        free_contexts(contexts);
    }
}

/* 64 parts and more: the tree's nodes at every height; and more samples than any net's usual part. */
Test(net_plans, many_parts) {
    gradus_context *contexts[2];
    make_contexts(contexts, NULL, 1);
    for (size_t samples = 64 * 63; samples <= 64 * 65 + 1; samples += 64) check_steps(contexts, shape_at(0), samples, 0, optimizers[1]);
    check_steps(contexts, shape_at(0), 20000, 0, optimizers[1]);
    free_contexts(contexts);
}

Test(net_plans, loss_gradients) {
    gradus_context *context = context_of(2);
    const net_shape *shape;
    for (size_t s = 0; (shape = shape_at(s)) != NULL; s++)
        for (size_t samples = 1; samples < 600; samples += 101) {
            gradus_net *net = make_net(context, shape, 3);
            sample_set set = make_samples(shape, samples, 0, samples);
            tensor_list wanted, found;
            double losses[3];
            list_make(&wanted, shape, 3);
            use_plan(context, 0);
            cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, wanted.tensors, &losses[0]), GRADUS_OK);
            for (size_t i = 1; i < PLANS; i++) {
                use_plan(context, i);
                list_make(&found, shape, 3);
                cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, found.tensors, &losses[1]), GRADUS_OK);
                cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, NULL, &losses[2]), GRADUS_OK);
                cr_assert(lists_equal(&wanted, &found), "%zu inputs, %zu samples, plan %zu", shape->inputs, samples, i);
                for (int k = 1; k < 3; k++) cr_assert_eq(test_double_bits(losses[0]), test_double_bits(losses[k]));
                list_free(&found);
            }
            list_free(&wanted);
            free_samples(&set);
            gradus_net_destroy(context, net);
        }
    gradus_context_destroy(context);
}

/* One sample with an infinite input, or with an infinite logit only: wherever it is, nothing changes, and the first bad layer is named. */
Test(net_plans, a_loss_that_is_not_finite) {
    enum { SAMPLES = 300 };
    static const size_t places[] = {0, 64, 150, 255, 299};
    gradus_context *context = context_of(1);
    const net_shape *shape = shape_at(4);
    const pair kept = make_pair(context, shape, optimizers[2]);
    sample_set set = make_samples(shape, SAMPLES, 0, 5);
    for (size_t i = 0; i < PLANS; i++) {
        const pair met = make_pair(context, shape, optimizers[2]);
        double loss = 0.0;
        use_plan(context, i);
        for (size_t k = 0; k < 5; k++) {
            float *x = set.floats + places[k] * shape->inputs, before = *x;
            *x = INFINITY;
            cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &set.batch, &loss), GRADUS_NOT_FINITE);
            *x = before;
            cr_assert(isnan(loss) && says(context, "layer 0 (counted from 0)"), "plan %zu: %s", i, gradus_context_message(context));
            cr_assert(pairs_equal(met, kept), "plan %zu, sample %zu", i, places[k]);
        }
        gradus_tensor bias = gradus_tensor_vector(GRADUS_DTYPE_F32, met.net->layers[1].bias, 16);
        ((float *)bias.data)[3] = INFINITY;
        cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &set.batch, &loss), GRADUS_NOT_FINITE);
        cr_assert(says(context, "layer 1 (counted from 0)"), "plan %zu: %s", i, gradus_context_message(context));
        ((float *)bias.data)[3] = kept.net->layers[1].bias[3];
        cr_assert(pairs_equal(met, kept), "plan %zu", i);
        cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &set.batch, &loss), GRADUS_OK);
        free_pair(context, met);
    }
    free_samples(&set);
    free_pair(context, kept);
    gradus_context_destroy(context);
}

/* A host whose n-th call asks the context to stop, before it runs anything. */
typedef struct stopper {
    gradus_context *context;
    size_t calls, stop_at;
} stopper;

static void run_and_stop(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    stopper *s = user;
    if (s->calls++ == s->stop_at) gradus_interrupt(s->context);
    for (size_t i = 0; i < tasks; i++) task(arg, i);
}

/* Stopped in any phase, a step has changed nothing or is complete; once it may change anything it is not stopped any more. */
Test(net_plans, interrupted_in_every_phase) {
    enum { SAMPLES = 300 };
    const net_shape *shape = shape_at(4);
    stopper s = {.stop_at = SIZE_MAX};
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){&s, 3, run_and_stop};
    gradus_context *context = s.context = make_context(&config);
    const pair before = make_pair(context, shape, optimizers[2]), after = make_pair(context, shape, optimizers[2]);
    sample_set set = make_samples(shape, SAMPLES, 0, 5);
    double loss;
    gd_phases_test_mode(1);
    use_plan(context, 0);
    cr_assert_eq(gradus_net_step(context, after.net, after.optimizer, &set.batch, &loss), GRADUS_OK);
    for (size_t i = 0; i < PLANS; i++) {
        bool over = false; /* the whole list has run undisturbed */
        size_t stopped = 0, completed = 0;
        for (size_t at = 0; !over; at++) {
            const pair met = make_pair(context, shape, optimizers[2]);
            use_plan(context, i);
            s.calls = 0;
            s.stop_at = at;
            const gradus_status status = gradus_net_step(context, met.net, met.optimizer, &set.batch, &loss);
            over = s.calls <= at;
            s.stop_at = SIZE_MAX;
            if (status == GRADUS_INTERRUPTED) {
                cr_assert(pairs_equal(met, before) && completed == 0, "plan %zu, stopped in phase %zu", i, at);
                stopped++;
            } else {
                cr_assert(status == GRADUS_OK && pairs_equal(met, after), "plan %zu, phase %zu", i, at);
                completed += !over;
                if (!over) /* the request is still there: the next call takes it */
                    cr_assert_eq(gradus_net_step(context, met.net, met.optimizer, &set.batch, &loss), GRADUS_INTERRUPTED);
            }
            free_pair(context, met);
        }
        const size_t part = plans[i].part_samples ? plans[i].part_samples : WHOLE, parts = (SAMPLES + part - 1) / part;
        /* Two phases are not stopped any more: the layers' updates. */
        cr_assert(stopped >= 5 * parts && completed == 2, "plan %zu: %zu times stopped, %zu times completed", i, stopped, completed);
    }
    free_samples(&set);
    free_pair(context, before);
    free_pair(context, after);
    gradus_context_destroy(context);
}

/* A full batch of MNIST's size in a few megabytes, the same for any number of samples but for the nodes; nothing is allocated after a reservation. */
Test(net_plans, the_scratch_is_bounded) {
    enum { SAMPLES = 22000 };
    static const struct {
        size_t samples, count;
    } nodes[] = {{513, 1}, {3 * 512, 1}, {3 * 512 + 1, 2}, {7 * 512 + 1, 3}, {SAMPLES, 5}}; /* parts here are of 512 samples */
    counting c;
    const gradus_context_config config = counting_config(&c, 1);
    const net_shape shape = shape_of(784, 2, (const size_t[]){128, 10}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    gradus_context *context = make_context(&config);
    const pair p = make_pair(context, &shape, "adam");
    sample_set set = make_samples(&shape, SAMPLES, INPUTS_U8, 1);
    double loss;
    c.greatest = 0;
    cr_assert_eq(gradus_context_reserve(context, p.net, SAMPLES), GRADUS_OK);
    const size_t reserved = c.greatest, asked = c.asked;
    cr_assert_leq(reserved, (size_t)16 << 20);
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        const size_t wanted = gd_plan_scratch(context, p.net, 512) + nodes[i].count * p.net->memory_size;
        cr_assert_eq(gd_plan_scratch(context, p.net, nodes[i].samples), wanted, "%zu samples", nodes[i].samples);
    }
    cr_assert_eq(gradus_net_step(context, p.net, p.optimizer, &set.batch, &loss), GRADUS_OK);
    cr_assert_eq(gradus_net_loss_gradient(context, p.net, &set.batch, NULL, &loss), GRADUS_OK);
    for (size_t i = 0; i < PLANS; i++) {
        use_plan(context, i);
        set.batch.samples = set.batch.inputs.rows = set.batch.targets.columns = i == 0 ? 512 : 100;
        cr_assert_eq(gradus_net_step(context, p.net, p.optimizer, &set.batch, &loss), GRADUS_OK);
    }
    cr_assert_eq(c.asked, asked);
    use_plan(context, PLANS - 1);
    cr_assert_eq(gradus_context_reserve(context, p.net, (size_t)64 * SAMPLES), GRADUS_OK);
    cr_assert_eq(c.greatest - reserved, 6 * p.net->memory_size); /* 64 times as many samples: 6 nodes more */
    free_samples(&set);
    free_pair(context, p);
    gradus_context_destroy(context);
    counting_check(&c);
}
