/* links: oracle
 * Penalties: a step's gradient with them, bit for bit, by every plan; their value, bit for bit and against fp64; bad ones. */
#include "columns.h"
#include "counting.h"
#include "nets.h"
#include "nn/plan.h"

static float sign(float w) { return w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f; }

static void spoil(gradus_context *context, gradus_net *net, const net_shape *shape) {
    tensor_list list;
    list_make(&list, shape, 0);
    list_get(context, net, &list);
    for (size_t t = 0; t < list.count; t++)
        for (size_t i = 0; i < list.floats[t]; i += 5) list.memory[t][i] = i % 2 ? 0.0f : -0.0f;
    list_set(context, net, &list);
    list_free(&list);
}

/* sgd with a rate of 1: w - (g + l2*w + l1*sign(w)). */
static void check_step(gradus_context *context, const net_shape *shape, size_t samples, double l1, double l2) {
    gradus_net *net = make_net(context, shape, 3);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd:lr=1");
    sample_set set = make_samples(shape, samples, 0, 1);
    tensor_list before, gradients, after;
    double loss[2];
    spoil(context, net, shape);
    list_make(&before, shape, 0);
    list_make(&gradients, shape, 0);
    list_make(&after, shape, 0);
    list_get(context, net, &before);
    cr_assert_eq(gradus_net_set_penalties(context, net, l1, l2), GRADUS_OK);
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, gradients.tensors, &loss[0]), GRADUS_OK);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss[1]), GRADUS_OK);
    cr_assert_eq(loss[0], loss[1]);
    list_get(context, net, &after);
    for (size_t t = 0; t < before.count; t++)
        for (size_t i = 0; i < before.floats[t]; i++) {
            const float w = before.memory[t][i];
            float g = gradients.memory[t][i];
            if (t % 2 == 0 && (l1 != 0.0 || l2 != 0.0)) {
                g = g + (float)l2 * w;
                g = g + (float)l1 * sign(w);
            }
            cr_assert_eq(test_float_bits(after.memory[t][i]), test_float_bits(fmaf(-1.0f, g, w)), "tensor %zu, element %zu", t, i);
        }
    list_free(&before);
    list_free(&gradients);
    list_free(&after);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

static net_shape shape_here(size_t i) {
    if (i == 0) return shape_of(7, 3, (const size_t[]){33, 16, 2}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
    if (i == 1) return shape_of(300, 2, (const size_t[]){70, 3}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    return shape_of(1, 1, (const size_t[]){1}, 0, GRADUS_ACTIVATION_IDENTITY);
}

Test(penalties, the_gradient) {
    static const double values[][2] = {{0.0, 0.0}, {0.01, 0.0}, {0.0, 0.3}, {0.02, 0.1}};
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) {
        gradus_context *context = context_with(isa, 2);
        for (size_t s = 0; s < 3; s++)
            for (size_t v = 0; v < 4; v++)
                for (int plan = 0; plan < 4; plan++) {
                    const net_shape shape = shape_here(s);
                    gd_plan_test_mode(context, plan % 2 ? 64 : 0, plan / 2);
                    check_step(context, &shape, plan ? 150 : 20, values[v][0], values[v][1]);
                }
        gradus_context_destroy(context);
    }
}

Test(penalties, the_value) {
    static const size_t inputs[] = {1, 255, 256, 257, 511, 513, 769, 1300}, outputs[] = {1, 3, 7, 8, 9, 16, 17, 32, 33, 100};
    const char *isa;
    for (size_t a = 0; (isa = runnable_isa(a)) != NULL; a++) {
        gradus_context *context = context_with(isa, 1);
        for (size_t k = 0; k < 80; k++) {
            const net_shape shape =
                shape_of(inputs[k % 8], 2, (const size_t[]){outputs[k / 8], 2}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
            gradus_net *net = make_net(context, &shape, k);
            tensor_list list;
            double magnitudes = 0.0, squares = 0.0, exact[2] = {0.0, 0.0}, value;
            list_make(&list, &shape, 0);
            list_get(context, net, &list);
            for (size_t t = 0; t < 4; t += 2) {
                magnitudes += (double)by_columns(list.memory[t], list.tensors[t].rows, list.tensors[t].columns, false);
                squares += (double)by_columns(list.memory[t], list.tensors[t].rows, list.tensors[t].columns, true);
                for (size_t i = 0; i < list.floats[t]; i++) {
                    exact[0] += fabs((double)list.memory[t][i]);
                    exact[1] += (double)list.memory[t][i] * (double)list.memory[t][i];
                }
            }
            cr_assert_eq(gradus_net_set_penalties(context, net, 0.25, 0.5), GRADUS_OK);
            cr_assert(gradus_net_l1(net) == 0.25 && gradus_net_l2(net) == 0.5);
            cr_assert_eq(gradus_net_penalty(context, net, &value), GRADUS_OK);
            cr_assert_eq(test_double_bits(value), test_double_bits(0.25 * magnitudes + 0.5 * 0.5 * squares), "%s, %zu x %zu", isa, shape.inputs,
                         shape.outputs[0]);
            const double expected = 0.25 * exact[0] + 0.25 * exact[1];
            cr_assert(fabs(value - expected) <= 1e-5 * expected);
            cr_assert_eq(gradus_net_set_penalties(context, net, 0.0, 0.0), GRADUS_OK);
            cr_assert_eq(gradus_net_penalty(context, net, &value), GRADUS_OK);
            cr_assert_eq(value, 0.0);
            list_free(&list);
            gradus_net_destroy(context, net);
        }
        gradus_context_destroy(context);
    }
}

Test(penalties, what_is_refused) {
    counting c;
    const gradus_context_config config = counting_config(&c, 1);
    gradus_context *context = make_context(&config);
    static const double bad[] = {-1e-9, NAN, INFINITY, 1.1e6};
    const net_shape shape = shape_here(0);
    gradus_net *net = make_net(context, &shape, 1), *other;
    gradus_layer layers[MOST_LAYERS];
    double value;
    cr_assert_eq(gradus_net_set_penalties(context, net, 0.5, 0.25), GRADUS_OK);
    for (size_t i = 0; i < 4; i++) {
        gradus_net_config net_config = net_config_of(&shape, layers, 1);
        cr_assert_eq(gradus_net_set_penalties(context, net, bad[i], 0.0), GRADUS_INVALID_ARGUMENT);
        cr_assert_eq(gradus_net_set_penalties(context, net, 0.0, bad[i]), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(context, "expected 0 to 1e6"));
        net_config.l2 = bad[i];
        cr_assert_eq(gradus_net_create(context, &net_config, &other), GRADUS_INVALID_ARGUMENT);
    }
    cr_assert(gradus_net_l1(net) == 0.5 && gradus_net_l2(net) == 0.25);
    cr_assert_eq(gradus_net_set_penalties(NULL, net, 0.0, 0.0), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_set_penalties(context, NULL, 0.0, 0.0), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_penalty(NULL, net, &value), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_penalty(context, NULL, &value), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_penalty(context, net, NULL), GRADUS_INVALID_ARGUMENT);
    c.refuse_at = c.asked + 1;
    cr_assert_eq(gradus_net_penalty(context, net, &value), GRADUS_OUT_OF_MEMORY);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&c);
}
