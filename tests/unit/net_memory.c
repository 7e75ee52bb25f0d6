/* Memory through the host's hooks: matched, foreseen, reserved, and refused at every single allocation. */
#include "counting.h"
#include "nets.h"

static const size_t outputs[] = {33, 10};

static net_shape shape_here(void) { return shape_of(20, 2, outputs, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX); }

/* -- nets say what they take -- */

Test(net_memory, a_net_takes_what_it_says) {
    static const size_t widths[] = {1, 16, 17, 33, 100};
    for (size_t w = 0; w < 5; w++) {
        counting c;
        const gradus_context_config config = counting_config(&c, 1);
        gradus_context *context = make_context(&config);
        const net_shape shape = shape_of(50, 2, (const size_t[]){widths[w], widths[4 - w]}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
        gradus_layer layers[MOST_LAYERS];
        const gradus_net_config net_config = net_config_of(&shape, layers, 1);
        const size_t before = c.live_bytes, asked = c.asked;
        size_t bytes;
        cr_assert_eq(gradus_net_memory(context, &net_config, &bytes), GRADUS_OK);
        cr_assert_eq(c.asked, asked);
        cr_assert_geq(bytes, sizeof(float) * (size_t)(51 * widths[w] + (widths[w] + 1) * widths[4 - w]));
        gradus_net *net = plain_net(context, &shape, 1);
        cr_assert(c.live_bytes - before >= bytes && c.live_bytes - before <= bytes + 1024, "%zu bytes foreseen, %zu taken", bytes,
                  c.live_bytes - before);
        cr_assert_eq(gradus_net_parameter_count(net), 51 * widths[w] + (widths[w] + 1) * widths[4 - w]);
        gradus_net_destroy(context, net);
        cr_assert_eq(c.live_bytes, before);
        gradus_context_destroy(context);
        counting_check(&c);
    }
}

/* -- one life of a net, with every fallible call repeated until it has its memory -- */

typedef struct life {
    gradus_context *context;
    counting *c;
    bool refusals_may_be_absorbed; /* a pool is done without */
} life;

/* A refused allocation must be reported, unless it was the pool's; then the call is repeated. */
static bool again(life *l, gradus_status status) {
    const bool refused = l->c->refused;
    l->c->refused = false;
    cr_assert_str_eq(l->c->wrong, "");
    if (refused && status == GRADUS_OUT_OF_MEMORY) {
        cr_assert(says(l->context, "out of memory"), "%s", gradus_context_message(l->context));
        return true;
    }
    cr_assert(!refused || l->refusals_may_be_absorbed, "an allocation was refused, the status is %s", gradus_status_name(status));
    cr_assert_eq(status, GRADUS_OK, "%s", gradus_context_message(l->context));
    return false;
}

static gradus_status plain_step(life *l, gradus_optimizer *optimizer, float *w, float *g) {
    const gradus_tensor weights = gradus_tensor_vector(GRADUS_DTYPE_F32, w, 5), gradients = gradus_tensor_vector(GRADUS_DTYPE_F32, g, 5);
    gradus_step_args args;
    gradus_step_args_init(&args);
    args.parameters = &weights;
    args.gradients = &gradients;
    return gradus_optimizer_step(l->context, optimizer, &args);
}

/* The bits of everything computed, as one number. */
static uint64_t mix_bits(uint64_t digest, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

static uint64_t live_plain(life *l, uint64_t digest) {
    static const gradus_parameter parameter = {NULL, 1, 1, 5, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    float w[5] = {1, 2, 3, 4, 5}, g[5] = {1, -1, 0, 2, 1e-3f}, product[4];
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    const gradus_tensor a = gradus_tensor_matrix(GRADUS_DTYPE_F32, w, 2, 2), b = gradus_tensor_matrix(GRADUS_DTYPE_F32, g, 2, 2);
    const gradus_tensor c = gradus_tensor_matrix(GRADUS_DTYPE_F32, product, 2, 2);
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAM);
    while (again(l, gradus_optimizer_create(l->context, &config, &parameter, 1, &optimizer))) cr_assert_null(optimizer);
    for (int step = 0; step < 2; step++)
        while (again(l, plain_step(l, optimizer, w, g))) continue;
    while (again(l, gradus_matrix_multiply(l->context, GRADUS_PRODUCT_NN, 1.0, &a, &b, 0.0, &c))) continue;
    gradus_optimizer_destroy(l->context, optimizer);
    return mix_bits(mix_bits(digest, w, sizeof w), product, sizeof product);
}

static uint64_t live(life *l) {
    const net_shape shape = shape_here();
    gradus_layer layers[MOST_LAYERS];
    const gradus_net_config config = net_config_of(&shape, layers, 1);
    gradus_optimizer_config adam;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gradus_evaluation evaluation;
    sample_set small = make_samples(&shape, 20, 0, 1), large = make_samples(&shape, 150, INPUTS_U8, 1);
    static float y[150 * 10];
    const gradus_tensor predictions = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, 150, 10);
    char digest[DIGEST];
    double loss[3];
    gradus_evaluation_init(&evaluation);
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    while (again(l, gradus_net_create(l->context, &config, &net))) cr_assert_null(net);
    while (again(l, gradus_net_optimizer_create(l->context, net, &adam, &optimizer))) cr_assert_null(optimizer);
    while (again(l, gradus_net_step(l->context, net, optimizer, &small.batch, &loss[0]))) continue;
    while (again(l, gradus_net_step(l->context, net, optimizer, &large.batch, &loss[1]))) continue;
    while (again(l, gradus_net_predict(l->context, net, &large.batch.inputs, &predictions))) continue;
    while (again(l, gradus_net_evaluate(l->context, net, &large.batch, &evaluation))) continue;
    while (again(l, gradus_net_loss_gradient(l->context, net, &large.batch, NULL, &loss[2]))) continue;
    digest_of(l->context, net, digest);
    gradus_optimizer_destroy(l->context, optimizer);
    gradus_net_destroy(l->context, net);
    free_samples(&small);
    free_samples(&large);
    return live_plain(l, mix_bits(mix_bits(mix_bits(mix_bits(1, digest, 64), loss, sizeof loss), y, sizeof y), &evaluation, sizeof evaluation));
}

/* The digest; *asked is the number of allocations. refuse_at 0: none is refused. */
static uint64_t live_refusing(size_t refuse_at, uint32_t threads, size_t *asked) {
    counting c;
    const gradus_context_config config = counting_config(&c, threads);
    life l = {NULL, &c, threads > 1};
    c.refuse_at = refuse_at;
    if (gradus_context_create(&config, &l.context) != GRADUS_OK) {
        cr_assert(c.refused);
        cr_assert_null(l.context);
        counting_check(&c);
        c.refused = false;
        cr_assert_eq(gradus_context_create(&config, &l.context), GRADUS_OK);
    }
    const uint64_t digest = live(&l);
    gradus_context_destroy(l.context);
    counting_check(&c);
    *asked = c.asked;
    return digest;
}

Test(net_memory, every_allocation_refused_once) {
    for (uint32_t threads = 1; threads <= 3; threads += 2) {
        size_t asked, ignored;
        gd_phases_test_mode(threads > 1);
        const uint64_t wanted = live_refusing(0, threads, &asked);
        cr_assert_geq(asked, 12);
        for (size_t k = 1; k <= asked; k++)
            cr_assert_eq(live_refusing(k, threads, &ignored), wanted, "%u threads, allocation %zu of %zu refused", (unsigned)threads, k, asked);
    }
}

/* -- what is there is used again -- */

Test(net_memory, repeated_calls_allocate_nothing) {
    for (uint32_t threads = 1; threads <= 2; threads++) {
        counting c;
        const gradus_context_config config = counting_config(&c, threads);
        gradus_context *context = make_context(&config);
        const net_shape shape = shape_here();
        gradus_net *net = make_net(context, &shape, 1);
        gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
        sample_set set = make_samples(&shape, 100, 0, 1);
        double loss;
        gd_phases_test_mode(threads > 1);
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
        const size_t asked = c.asked;
        for (int step = 0; step < 3; step++) cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
        cr_assert_eq(c.asked, asked);
        free_samples(&set);
        gradus_optimizer_destroy(context, optimizer);
        gradus_net_destroy(context, net);
        gradus_context_destroy(context);
        counting_check(&c);
    }
}

static void use_everything(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const net_shape *shape, size_t samples,
                           unsigned kind) {
    sample_set set = make_samples(shape, samples, kind, 1);
    float *y = malloc(samples * last_outputs(shape) * sizeof *y);
    const gradus_tensor predictions = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, samples, last_outputs(shape));
    gradus_evaluation evaluation;
    double loss;
    gradus_evaluation_init(&evaluation);
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, NULL, &loss), GRADUS_OK);
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &predictions), GRADUS_OK);
    cr_assert_eq(gradus_net_evaluate(context, net, &set.batch, &evaluation), GRADUS_OK);
    free(y);
    free_samples(&set);
}

/* Reserved under one instruction set, used under all: their tiles are of different heights. */
static void check_reservation(const net_shape *shape, size_t samples, const char *isa) {
    counting c;
    const gradus_context_config config = counting_config(&c, 1);
    gradus_context *context = make_context(&config);
    gradus_net *net = make_net(context, shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    cr_assert_eq(gradus_context_set_isa(context, isa), GRADUS_OK);
    cr_assert_eq(gradus_context_reserve(context, net, samples), GRADUS_OK);
    const size_t asked = c.asked;
    for (size_t i = 0; runnable_isa(i); i++) {
        cr_assert_eq(gradus_context_set_isa(context, runnable_isa(i)), GRADUS_OK);
        for (unsigned kind = 0; kind < 2; kind++) {
            use_everything(context, net, optimizer, shape, samples, kind);
            use_everything(context, net, optimizer, shape, 1 + samples / 2, kind);
        }
        cr_assert_eq(c.asked, asked, "%zu samples, reserved under %s, used under %s", samples, isa, runnable_isa(i));
    }
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&c);
}

Test(net_memory, nothing_is_allocated_after_a_reservation) {
    static const size_t samples[] = {1, 64, 200, 1500};
    const net_shape narrow = shape_of(70, 2, (const size_t[]){7, 40}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX), wide = shape_here();
    const net_shape odd = shape_of(71, 1, (const size_t[]){33}, 0, GRADUS_ACTIVATION_SOFTMAX);
    for (size_t s = 0; s < 4; s++)
        for (size_t i = 0; runnable_isa(i); i++) {
            check_reservation(&narrow, samples[s], runnable_isa(i));
            check_reservation(&wide, samples[s], runnable_isa(i));
            check_reservation(&odd, samples[s], runnable_isa(i));
        }
}

/* For any number of samples there is scratch; no samples need none. */
Test(net_memory, reservations_at_the_ends) {
    counting c;
    const gradus_context_config config = counting_config(&c, 1);
    const net_shape shape = shape_here();
    gradus_context *context = make_context(&config);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    c.refuse_at = c.asked + 1;
    cr_assert_eq(gradus_context_reserve(context, net, SIZE_MAX), GRADUS_OUT_OF_MEMORY);
    cr_assert_eq(gradus_context_reserve(context, net, 0), GRADUS_OK);
    use_everything(context, net, optimizer, &shape, 3, 0);
    cr_assert_eq(gradus_context_reserve(context, net, SIZE_MAX), GRADUS_OK);
    cr_assert_leq(c.greatest, (size_t)16 << 20);
    use_everything(context, net, optimizer, &shape, 3, 0);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&c);
}

/* Objects outlive the context they were made with, and give their memory back where it came from. */
Test(net_memory, objects_outlive_their_context) {
    counting c, other;
    const gradus_context_config config = counting_config(&c, 1), other_config = counting_config(&other, 1);
    gradus_context *maker = make_context(&config), *user = make_context(&other_config);
    const net_shape shape = shape_here();
    gradus_net *net = make_net(maker, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(maker, net, "momentum");
    gradus_context_destroy(maker);
    use_everything(user, net, optimizer, &shape, 9, 0);
    gradus_optimizer_destroy(user, optimizer);
    gradus_net_destroy(user, net);
    gradus_context_destroy(user);
    counting_check(&c);
    counting_check(&other);
}
