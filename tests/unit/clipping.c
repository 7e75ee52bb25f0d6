/* links: oracle
 * Clipping of a net's gradient by value, norm and global norm: bit for bit docs/numerics.md, by every plan, in parts, with every instruction set. */
#include "columns.h"
#include "counting.h"
#include "nets.h"
#include "nn/plan.h"

typedef struct clip_case {
    double value, norm, global_norm, l1, l2;
} clip_case;

static const clip_case cases[] = {
    {0, 0, 0, 0, 0},   {0.01, 0, 0, 0, 0},    {0, 0.05, 0, 0, 0},          {0, 0, 0.05, 0, 0},  {0, 0, 1e9, 0, 0},
    {0, 1e9, 0, 0, 0}, {0.02, 0, 0.05, 0, 0}, {0.02, 0.01, 0, 0.01, 0.02}, {0, 0, 0.1, 0, 0.3}, {0.5, 0, 0, 0.001, 0.2},
};

static void set_case(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const clip_case *c) {
    gradus_clipping clipping;
    gradus_clipping_init(&clipping);
    clipping.value = c->value;
    clipping.norm = c->norm;
    clipping.global_norm = c->global_norm;
    cr_assert_eq(gradus_net_optimizer_set_clipping(context, optimizer, &clipping), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_set_penalties(context, net, c->l1, c->l2), GRADUS_OK);
}

/* Penalties and clipping by value. */
static float first_stage(const clip_case *c, bool weight, float g, float w) {
    if (weight && (c->l1 != 0.0 || c->l2 != 0.0)) {
        g = g + (float)c->l2 * w;
        g = g + (float)c->l1 * (w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f);
    }
    const float most = (float)c->value;
    return most > 0.0f ? (g > most ? most : g < -most ? -most : g) : g;
}

static float factor(double most, double squares) {
    const double f = most / (sqrt(squares) + 1e-6);
    return (float)(f > 1.0 ? 1.0 : f);
}

/* g becomes what the rule sees. */
static void clip_all(const clip_case *c, const tensor_list *weights, const tensor_list *g) {
    double squares[MOST_TENSORS], all = 0.0;
    for (size_t t = 0; t < g->count; t++) {
        for (size_t i = 0; i < g->floats[t]; i++) g->memory[t][i] = first_stage(c, t % 2 == 0, g->memory[t][i], weights->memory[t][i]);
        squares[t] = t % 2 ? (double)gd_reference_dot(g->memory[t], g->memory[t], g->floats[t])
                           : (double)by_columns(g->memory[t], g->tensors[t].rows, g->tensors[t].columns, true);
        all += squares[t];
    }
    for (size_t t = 0; (c->norm > 0.0 || c->global_norm > 0.0) && t < g->count; t++) {
        const float f = c->norm > 0.0 ? factor(c->norm, squares[t]) : factor(c->global_norm, all);
        for (size_t i = 0; i < g->floats[t]; i++) g->memory[t][i] = g->memory[t][i] * f;
    }
}

static net_shape shape_here(size_t i) {
    if (i == 0) return shape_of(7, 3, (const size_t[]){33, 16, 2}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
    if (i == 1) return shape_of(270, 2, (const size_t[]){37, 3}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    return shape_of(2, 1, (const size_t[]){1}, 0, GRADUS_ACTIVATION_IDENTITY);
}

/* Two steps of sgd with a rate of 1, the second with the plan of the first; `leaves` > 0: in parts of so many. */
static void check(gradus_context *context, const net_shape *shape, size_t samples, const clip_case *c, size_t leaves) {
    gradus_net *net = make_net(context, shape, 3);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd:lr=1");
    tensor_list before, g, after;
    list_make(&before, shape, 0);
    list_make(&g, shape, 0);
    list_make(&after, shape, 0);
    set_case(context, net, optimizer, c);
    for (uint64_t step = 0; step < 2; step++) {
        sample_set set = make_samples(shape, samples, LABELS_I32, step);
        double loss;
        list_get(context, net, &before);
        cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, g.tensors, &loss), GRADUS_OK);
        clip_all(c, &before, &g);
        for (size_t first = 0; first < samples; first += leaves ? leaves * 64 : samples) {
            gradus_batch part = set.batch;
            part.first = first;
            part.total = samples;
            part.samples = part.inputs.rows = leaves && leaves * 64 < samples - first ? leaves * 64 : samples - first;
            part.inputs.data = (float *)set.batch.inputs.data + first * shape->inputs;
            part.targets.data = (float *)set.batch.targets.data + first * (set.batch.targets.rows > 1 ? last_outputs(shape) : 1);
            if (set.batch.targets.rows == samples) {
                part.targets.rows = part.samples;
            } else {
                part.targets.columns = part.samples;
            }
            cr_assert_eq(gradus_net_step(context, net, optimizer, &part, &loss), GRADUS_OK, "%s", gradus_context_message(context));
        }
        list_get(context, net, &after);
        for (size_t t = 0; t < before.count; t++)
            for (size_t i = 0; i < before.floats[t]; i++)
                cr_assert_eq(test_float_bits(after.memory[t][i]), test_float_bits(fmaf(-1.0f, g.memory[t][i], before.memory[t][i])),
                             "%zu inputs, %zu samples, case %zu, step %d, tensor %zu, element %zu", shape->inputs, samples, (size_t)(c - cases),
                             (int)step, t, i);
        free_samples(&set);
    }
    list_free(&before);
    list_free(&g);
    list_free(&after);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

static void check_all(const char *isa, uint32_t threads, int mode) {
    gradus_context *context = context_with(isa, threads);
    const bool few = isa || mode == 1; /* slow ones: the last cases, in parts */
    gd_phases_test_mode(mode);
    for (size_t s = 0; s < 3; s++)
        for (size_t c = few ? 6 : 0; c < sizeof cases / sizeof cases[0]; c++)
            for (int plan = few; plan < 4; plan += 1 + few) {
                const net_shape shape = shape_here(s);
                gd_plan_test_mode(context, plan % 2 ? 64 : 0, plan / 2);
                check(context, &shape, plan ? 300 : 20, &cases[c], plan == 3 ? 2 : 0);
            }
    gradus_context_destroy(context);
}

Test(clipping, on_one_thread) { check_all(NULL, 1, 0); }
Test(clipping, on_three_threads) { check_all(NULL, 3, 1); }
Test(clipping, with_every_instruction_set) {
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) check_all(isa, 1, 0);
}

/* Coupled and decoupled decay come after the factor. */
Test(clipping, weight_decay_comes_later) {
    gradus_context *context = context_with(NULL, 1);
    const net_shape shape = shape_of(3, 1, (const size_t[]){2}, 0, GRADUS_ACTIVATION_IDENTITY);
    const clip_case c = {0, 0, 0.01, 0, 0};
    gradus_net *net = make_net(context, &shape, 3);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd:lr=1,weight_decay=0.5");
    sample_set set = make_samples(&shape, 5, 0, 1);
    tensor_list before, g, after;
    double loss;
    list_make(&before, &shape, 0);
    list_make(&g, &shape, 0);
    list_make(&after, &shape, 0);
    set_case(context, net, optimizer, &c);
    list_get(context, net, &before);
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, g.tensors, &loss), GRADUS_OK);
    clip_all(&c, &before, &g);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
    list_get(context, net, &after);
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < before.floats[t]; i++) {
            const float w = before.memory[t][i];
            cr_assert_eq(after.memory[t][i], fmaf(-1.0f, fmaf(0.5f, w, g.memory[t][i]), w));
        }
    list_free(&before);
    list_free(&g);
    list_free(&after);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(clipping, what_is_refused) {
    counting counter;
    const gradus_context_config config = counting_config(&counter, 1);
    gradus_context *context = make_context(&config);
    const net_shape shape = shape_here(0);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam"), *plain;
    static const clip_case bad[] = {{-1, 0, 0, 0, 0}, {NAN, 0, 0, 0, 0}, {0, INFINITY, 0, 0, 0}, {0, 0, 1e-31, 0, 0}, {0, 0, 1e31, 0, 0}};
    sample_set set = make_samples(&shape, 100, 0, 1);
    gradus_clipping clipping;
    char digests[2][DIGEST];
    double loss;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gradus_clipping_init(&clipping);
        clipping.value = bad[i].value;
        clipping.norm = bad[i].norm;
        clipping.global_norm = bad[i].global_norm;
        cr_assert_eq(gradus_net_optimizer_set_clipping(context, optimizer, &clipping), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(context, "expected 0 (none) or 1e-30 to 1e30"));
    }
    gradus_clipping_init(&clipping);
    clipping.norm = clipping.global_norm = 1.0;
    cr_assert_eq(gradus_net_optimizer_set_clipping(context, optimizer, &clipping), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "both given"));
    clipping.norm = 0.0;
    cr_assert_eq(gradus_net_optimizer_set_clipping(NULL, optimizer, &clipping), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_optimizer_set_clipping(context, NULL, &clipping), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_optimizer_set_clipping(context, optimizer, NULL), GRADUS_INVALID_ARGUMENT);
    gradus_optimizer_config optimizer_config;
    const gradus_parameter parameter = {.batch = 1, .rows = 1, .columns = 1, .role = GRADUS_ROLE_WEIGHT, .output_axis = GRADUS_AXIS_COLUMNS};
    gradus_optimizer_config_init(&optimizer_config, GRADUS_OPTIMIZER_SGD);
    cr_assert_eq(gradus_optimizer_create(context, &optimizer_config, &parameter, 1, &plain), GRADUS_OK);
    cr_assert_eq(gradus_net_optimizer_set_clipping(context, plain, &clipping), GRADUS_UNSUPPORTED);
    cr_assert_eq(gradus_net_optimizer_set_clipping(context, optimizer, &clipping), GRADUS_OK);
    digest_of(context, net, digests[0]);
    for (size_t i = 1; i < 3; i++) { /* the gradient's memory, the plan's */
        counter.refuse_at = counter.asked + 1;
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OUT_OF_MEMORY, "%zu", i);
        digest_of(context, net, digests[1]);
        cr_assert_str_eq(digests[0], digests[1]);
    }
    counter.refuse_at = 0;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
    const size_t asked = counter.asked;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
    cr_assert_eq(counter.asked, asked);
    set.floats[0] = NAN;
    digest_of(context, net, digests[0]);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_NOT_FINITE);
    digest_of(context, net, digests[1]);
    cr_assert_str_eq(digests[0], digests[1]);
    free_samples(&set);
    gradus_optimizer_destroy(context, plain);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
}
