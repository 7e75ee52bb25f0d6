/* Tasks of a phase may run in any order: claimed in a permuted one, from a host that begins at the end, they give the bits of one thread. Sizes leave no gap between rows, so that a
 * task that wrote past its own part would spoil one that has been done already. */
#include "nets.h"

enum { SAMPLES = 1024, SHARES = 8 };

static void last_first(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user;
    for (size_t i = tasks; i-- > 0;) task(arg, i);
}

static void train(gradus_context *context, const net_shape *shape, char digest[DIGEST]) {
    gradus_net *net = make_net(context, shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    sample_set set = make_samples(shape, SAMPLES, 0, 1);
    double loss;
    for (int step = 0; step < 2; step++)
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK, "%s", gradus_context_message(context));
    digest_of(context, net, digest);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

Test(any_order, permuted_tasks_from_the_end) {
    static const size_t outputs[][3] = {{32, 48, 32}, {64, 32, 16}, {16, 16, 48}};
    static const gradus_activation last[] = {GRADUS_ACTIVATION_SOFTMAX, GRADUS_ACTIVATION_IDENTITY};
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){NULL, SHARES, last_first};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        for (size_t l = 0; l < sizeof last / sizeof last[0]; l++) {
            const net_shape shape = shape_of(48, 3, outputs[i], GRADUS_ACTIVATION_RELU, last[l]);
            char wanted[DIGEST], found[DIGEST];
            gradus_context *plain = context_of(1), *turned = make_context(&config);
            gd_phases_test_mode(0);
            train(plain, &shape, wanted);
            gd_phases_test_mode(1);
            train(turned, &shape, found);
            cr_assert_str_eq(found, wanted, "outputs %zu %zu %zu, %s", outputs[i][0], outputs[i][1], outputs[i][2], gradus_activation_name(last[l]));
            gradus_context_destroy(plain);
            gradus_context_destroy(turned);
        }
}
