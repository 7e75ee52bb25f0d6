/* The same bits: fused and plain steps, any batch a sample sits in, every instruction set, thread count and order of tasks, whatever the host did to
 * the FP environment, and through files. */
#include <fenv.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sha256.h"
#include "nets.h"
#include "nn/net.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static const char *const optimizers[] = {"sgd:lr=0.05", "momentum:lr=0.02,momentum=0.8,dampening=0.1", "adam:lr=0.01"};
enum { OPTIMIZERS = 3 };

/* -- gradus_net_step is gradus_net_loss_gradient and gradus_optimizer_step on plain tensors -- */

static gradus_optimizer *plain_optimizer(gradus_context *context, const tensor_list *list, const char *text) {
    gradus_parameter parameters[MOST_TENSORS];
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    memset(parameters, 0, sizeof parameters);
    for (size_t i = 0; i < list->count; i++) {
        parameters[i].batch = 1;
        parameters[i].rows = list->tensors[i].rows;
        parameters[i].columns = list->tensors[i].columns;
        parameters[i].role = i % 2 ? GRADUS_ROLE_BIAS : GRADUS_ROLE_WEIGHT;
        parameters[i].output_axis = GRADUS_AXIS_COLUMNS;
    }
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_UNSET);
    cr_assert_eq(gradus_optimizer_config_parse(context, text, &config), GRADUS_OK);
    cr_assert_eq(gradus_optimizer_create(context, &config, parameters, list->count, &optimizer), GRADUS_OK, "%s", gradus_context_message(context));
    return optimizer;
}

static void check_fused(gradus_context *context, const net_shape *shape, size_t samples, unsigned kind, const char *text) {
    gradus_net *fused = make_net(context, shape, 5), *plain = make_net(context, shape, 5);
    tensor_list weights, gradients, found;
    list_make(&weights, shape, 2);
    list_make(&gradients, shape, 3);
    list_make(&found, shape, 2);
    list_get(context, plain, &weights);
    gradus_optimizer *own = make_optimizer(context, fused, text), *other = plain_optimizer(context, &weights, text);
    for (uint64_t step = 0; step < 4; step++) {
        sample_set set = make_samples(shape, samples, kind, 77 + step);
        double loss, plain_loss;
        gradus_step_args args;
        gradus_step_args_init(&args);
        args.parameters = weights.tensors;
        args.gradients = gradients.tensors;
        list_set(context, plain, &weights);
        cr_assert_eq(gradus_net_loss_gradient(context, plain, &set.batch, gradients.tensors, &plain_loss), GRADUS_OK);
        cr_assert_eq(gradus_optimizer_step(context, other, &args), GRADUS_OK, "%s", gradus_context_message(context));
        cr_assert_eq(gradus_net_step(context, fused, own, &set.batch, &loss), GRADUS_OK, "%s", gradus_context_message(context));
        list_get(context, fused, &found);
        cr_assert_eq(test_double_bits(loss), test_double_bits(plain_loss));
        if (!lists_equal(&found, &weights))
            cr_assert_fail("%s, %zu-%zu-%zu, %zu samples, step %llu differs", text, shape->inputs, shape->outputs[0], shape->outputs[1], samples,
                           (unsigned long long)step);
        free_samples(&set);
    }
    gradus_optimizer_destroy(context, own);
    gradus_optimizer_destroy(context, other);
    gradus_net_destroy(context, fused);
    gradus_net_destroy(context, plain);
    list_free(&weights);
    list_free(&gradients);
    list_free(&found);
}

/* eps = 0 makes 0/0 of a panel's padding, which a step must leave at +0 all the same. */
Test(net_bits, padding_stays_0) {
    gradus_context *context = context_of(2);
    const net_shape shape = shape_of(20, 2, (const size_t[]){33, 17}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = make_net(context, &shape, 5);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam:eps=0");
    sample_set set = make_samples(&shape, 70, 0, 1);
    double loss;
    for (int step = 0; step < 2; step++) cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < layer_inputs(&shape, l); i++)
            for (size_t j = shape.outputs[l]; j < gd_round_up(shape.outputs[l], GD_PANEL); j++)
                cr_assert_eq(test_float_bits(net->layers[l].weights[gd_dense_at(net->layers[l].dense, i, j)]), 0u, "layer %zu, (%zu, %zu)", l, i, j);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(net_bits, fused_is_plain) {
    static const size_t widths[] = {1, 2, 15, 16, 17, 31, 32, 33, 48, 65, 100}, batches[] = {1, 63, 64, 65, 129, 200, 450};
    gradus_context *context = context_of(2);
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
        for (size_t o = 0; o < OPTIMIZERS; o++) {
            const size_t outputs[] = {widths[w], widths[(w + o + 4) % 11]};
            const net_shape shape = shape_of(widths[(w + 3 * o + 1) % 11], 2, outputs, w % 2 ? GRADUS_ACTIVATION_RELU : GRADUS_ACTIVATION_SIGMOID,
                                             GRADUS_ACTIVATION_SOFTMAX);
            check_fused(context, &shape, batches[(w + o) % 7], (unsigned)(w % 8), optimizers[o]);
        }
    const net_shape shape = shape_of(20, 2, (const size_t[]){33, 17}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
    check_fused(context, &shape, 70, 0, "adam:lr=0.01,eps=0");
    gradus_context_destroy(context);
}

/* -- a sample's output does not depend on its batch -- */

static void check_batch_invariance(gradus_context *context, const net_shape *shape, unsigned kind) {
    enum { ROWS = 1000 };
    static const size_t sizes[] = {1, 2, 7, 64};
    const size_t outputs = last_outputs(shape);
    gradus_net *net = make_net(context, shape, 3);
    sample_set set = make_samples(shape, ROWS, kind, 4);
    float *whole = malloc(ROWS * outputs * sizeof *whole), *part = malloc(64 * outputs * sizeof *part);
    gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, whole, ROWS, outputs);
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &y), GRADUS_OK);
    for (size_t k = 0; k < 4; k++)
        for (size_t first = 0; first + sizes[k] <= ROWS; first += sizes[k] + 41) {
            gradus_tensor inputs = set.batch.inputs, some = gradus_tensor_matrix(GRADUS_DTYPE_F32, part, sizes[k], outputs);
            inputs.data = (char *)inputs.data + first * (size_t)inputs.row_stride * (inputs.dtype == GRADUS_DTYPE_U8 ? 1 : sizeof(float));
            inputs.rows = sizes[k];
            cr_assert_eq(gradus_net_predict(context, net, &inputs, &some), GRADUS_OK);
            if (memcmp(part, whole + first * outputs, sizes[k] * outputs * sizeof *part) != 0)
                cr_assert_fail("rows %zu .. %zu depend on their batch", first, first + sizes[k]);
        }
    free(whole);
    free(part);
    free_samples(&set);
    gradus_net_destroy(context, net);
}

Test(net_bits, batch_invariance) {
    gradus_context *context = context_of(3);
    for (unsigned kind = 0; kind < 8; kind++) {
        const net_shape shape =
            shape_of(kind % 2 ? 300 : 13, 3, (const size_t[]){33, 5, kind % 3 ? 4 : 18}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
        check_batch_invariance(context, &shape, kind);
    }
    gradus_context_destroy(context);
}

/* -- instruction sets, threads, orders -- */

static const size_t run_outputs[] = {33, 10, 12};

static net_shape run_shape(void) { return shape_of(29, 3, run_outputs, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX); }

/* Six steps with batches of several leaves, then predictions: everything in one digest. `other`: the instruction set of every second step. */
static void run_digest(gradus_context *context, const char *optimizer_text, const char *other, char digest[DIGEST]) {
    enum { SAMPLES = 150 };
    const net_shape shape = run_shape();
    const char *isa = gradus_context_isa(context);
    gradus_net *net = make_net(context, &shape, 11);
    gradus_optimizer *optimizer = make_optimizer(context, net, optimizer_text);
    gd_sha256 hash;
    uint8_t bytes[32];
    float y[SAMPLES * 12];
    const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, SAMPLES, 12);
    gradus_evaluation evaluation;
    gd_sha256_init(&hash);
    gradus_evaluation_init(&evaluation);
    for (unsigned step = 0; step < 6; step++) {
        double loss;
        sample_set set = make_samples(&shape, SAMPLES, step % 8, step);
        if (other) cr_assert_eq(gradus_context_set_isa(context, step % 2 ? other : isa), GRADUS_OK);
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
        cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &outputs), GRADUS_OK);
        cr_assert_eq(gradus_net_evaluate(context, net, &set.batch, &evaluation), GRADUS_OK);
        gd_sha256_update(&hash, &loss, sizeof loss);
        gd_sha256_update(&hash, y, sizeof y);
        gd_sha256_update(&hash, &evaluation.loss, sizeof evaluation.loss);
        free_samples(&set);
    }
    digest_of(context, net, digest);
    gd_sha256_update(&hash, digest, 64);
    gd_sha256_final(&hash, bytes);
    gd_sha256_hex(bytes, digest);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

static void check_every_means(const char *optimizer) {
    static const uint32_t threads[] = {1, 2, 3, 7};
    char wanted[DIGEST], found[DIGEST];
    gradus_context *context = context_with("scalar", 1);
    gd_phases_test_mode(0);
    run_digest(context, optimizer, NULL, wanted);
    gradus_context_destroy(context);
    for (size_t i = 0; runnable_isa(i); i++)
        for (size_t t = 0; t < 4; t++)
            for (int mode = 0; mode <= 1; mode++) {
                context = context_with(runnable_isa(i), threads[t]);
                gd_phases_test_mode(mode);
                run_digest(context, optimizer, t == 1 ? runnable_isa(0) : NULL, found);
                cr_assert_str_eq(found, wanted, "%s: %s, %u threads, mode %d", optimizer, runnable_isa(i), (unsigned)threads[t], mode);
                gradus_context_destroy(context);
            }
}

Test(net_bits, every_isa_thread_count_and_order) {
    for (size_t o = 0; o < OPTIMIZERS; o++) check_every_means(optimizers[o]);
}

/* The host's executor, last index first, on the calling thread. */
static void run_backwards(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user;
    while (tasks-- > 0) task(arg, tasks);
}

Test(net_bits, the_hosts_executor_and_a_forked_child) {
    char wanted[DIGEST], found[DIGEST];
    gradus_context *context = context_with(NULL, 3);
    gd_phases_test_mode(1); /* share even these small lists */
    run_digest(context, optimizers[0], NULL, wanted);
    gradus_context_config config;
    gradus_context *hosted;
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){NULL, 5, run_backwards};
    cr_assert_eq(gradus_context_create(&config, &hosted), GRADUS_OK);
    run_digest(hosted, optimizers[0], NULL, found);
    cr_assert_str_eq(found, wanted, "the host's executor");
    gradus_context_destroy(hosted);
    /* The pool's threads do not exist in the child: it computes in order. */
    const pid_t child = fork();
    if (child == 0) {
        run_digest(context, optimizers[0], NULL, found);
        _exit(strcmp(found, wanted) != 0);
    }
    int status = -1;
    cr_assert(child > 0 && waitpid(child, &status, 0) == child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child: status %x", (unsigned)status);
    gradus_context_destroy(context);
}

/* -- the host's floating-point environment -- */

#if defined(__x86_64__)
static void set_control(int rounding, unsigned bits) {
    fesetround(rounding);
    _mm_setcsr((_mm_getcsr() & ~0x3fu) | bits);
}

/* Creation, steps, predictions and scores under the host's settings, which must be there afterwards, flags included. */
static void run_under(int rounding, unsigned bits, char digest[DIGEST]) {
    const net_shape shape = run_shape();
    gradus_context *context = context_of(2);
    gradus_layer layers[MOST_LAYERS];
    const gradus_net_config config = net_config_of(&shape, layers, 5);
    gradus_net *net;
    gradus_evaluation evaluation;
    sample_set set = make_samples(&shape, 130, 0, 9);
    tensor_list gradients;
    double loss = 0.0, scores[3];
    float y[130 * 12];
    const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, 130, 12);
    gradus_status status[6];
    unsigned control[6];
    for (size_t i = 0; i < 130; i++) set.floats[i * 29] = test_float(0x00000400u + (uint32_t)i); /* subnormal */
    list_make(&gradients, &shape, 0);
    gradus_evaluation_init(&evaluation);
    set_control(rounding, bits);
    const unsigned wanted = _mm_getcsr();
    status[0] = gradus_net_create(context, &config, &net);
    control[0] = _mm_getcsr();
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam:lr=0.3,beta1=0.7");
    control[1] = _mm_getcsr();
    for (int step = 0; step < 3; step++) status[1] = gradus_net_step(context, net, optimizer, &set.batch, &loss);
    control[2] = _mm_getcsr();
    status[2] = gradus_net_loss_gradient(context, net, &set.batch, gradients.tensors, &scores[0]);
    control[3] = _mm_getcsr();
    status[3] = gradus_net_predict(context, net, &set.batch.inputs, &outputs);
    control[4] = _mm_getcsr();
    status[4] = gradus_net_evaluate(context, net, &set.batch, &evaluation);
    control[5] = _mm_getcsr();
    set_control(FE_TONEAREST, 0x1f80);
    gd_sha256 hash;
    uint8_t bytes[32];
    for (int i = 0; i < 5; i++) cr_assert_eq(status[i], GRADUS_OK);
    for (int i = 0; i < 6; i++) cr_assert_eq(control[i], wanted, "call %d: MXCSR %x, was %x", i, control[i], wanted);
    scores[1] = evaluation.loss;
    scores[2] = evaluation.f1;
    digest_of(context, net, digest);
    gd_sha256_init(&hash);
    gd_sha256_update(&hash, digest, 64);
    gd_sha256_update(&hash, &loss, sizeof loss);
    gd_sha256_update(&hash, scores, sizeof scores);
    gd_sha256_update(&hash, y, sizeof y);
    for (size_t i = 0; i < gradients.count; i++) gd_sha256_update(&hash, gradients.memory[i], gradients.floats[i] * sizeof(float));
    gd_sha256_final(&hash, bytes);
    gd_sha256_hex(bytes, digest);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    list_free(&gradients);
    free_samples(&set);
    gradus_context_destroy(context);
}

/* 0x8040: flush subnormal results and inputs. 0x1900: overflow, division by zero and invalid operations trap. */
Test(net_bits, the_hosts_floating_point_environment) {
    static const int roundings[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
    static const unsigned rounding_bits[] = {0x4000, 0x2000, 0x6000, 0};
    char wanted[DIGEST], found[DIGEST];
    for (int mode = 0; mode <= 1; mode++) {
        gd_phases_test_mode(mode);
        run_under(FE_TONEAREST, 0x1f80, wanted);
        for (int r = 0; r < 4; r++) {
            run_under(roundings[r], rounding_bits[r] | 0x8040 | 0x1f80, found);
            cr_assert_str_eq(found, wanted, "rounding %d with FTZ and DAZ, mode %d", roundings[r], mode);
            run_under(roundings[r], rounding_bits[r] | 0x1900, found);
            cr_assert_str_eq(found, wanted, "rounding %d with traps, mode %d", roundings[r], mode);
        }
    }
}
#endif

/* -- one net, many threads -- */

typedef struct predictor {
    const gradus_net *net;
    const gradus_tensor *inputs;
    float *y;
    gradus_status status;
} predictor;

static void *predict_often(void *argument) {
    predictor *p = argument;
    gradus_context *context;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 2;
    p->status = gradus_context_create(&config, &context);
    const gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->y, p->inputs->rows, 12);
    for (int i = 0; i < 20 && p->status == GRADUS_OK; i++) p->status = gradus_net_predict(context, p->net, p->inputs, &y);
    gradus_context_destroy(context);
    return NULL;
}

Test(net_bits, four_threads_predict_with_one_net) {
    enum { THREADS = 4, ROWS = 300 };
    const net_shape shape = run_shape();
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, &shape, 2);
    sample_set set = make_samples(&shape, ROWS, 0, 3);
    static float serial[ROWS * 12], y[THREADS][ROWS * 12];
    const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, serial, ROWS, 12);
    predictor predictors[THREADS];
    pthread_t threads[THREADS];
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &outputs), GRADUS_OK);
    gd_phases_test_mode(1);
    for (int i = 0; i < THREADS; i++) {
        predictors[i] = (predictor){net, &set.batch.inputs, y[i], GRADUS_OK};
        cr_assert_eq(pthread_create(&threads[i], NULL, predict_often, &predictors[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(predictors[i].status, GRADUS_OK);
        cr_assert_arr_eq(y[i], serial, sizeof serial, "thread %d", i);
    }
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* -- digests and files -- */

/* Weights row by row, then the bias, layer by layer; every NaN the same. */
Test(net_bits, the_digest_is_of_the_logical_order) {
    const net_shape shape = run_shape();
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, &shape, 8);
    tensor_list list;
    gd_sha256 hash;
    uint8_t bytes[32];
    char wanted[DIGEST], found[DIGEST];
    list_make(&list, &shape, 0);
    list_get(context, net, &list);
    list.memory[2][7] = test_float(0xffc12345u);
    list_set(context, net, &list);
    list.memory[2][7] = test_float(0x7fc00000u);
    gd_sha256_init(&hash);
    for (size_t i = 0; i < list.count; i++) gd_sha256_update(&hash, list.memory[i], list.floats[i] * sizeof(float));
    gd_sha256_final(&hash, bytes);
    gd_sha256_hex(bytes, wanted);
    digest_of(context, net, found);
    cr_assert_str_eq(found, wanted);
    list_free(&list);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

static void check_file(const net_shape *shape, const char *path) {
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, shape, 8), *loaded;
    char wanted[DIGEST], found[DIGEST];
    cr_assert_eq(gradus_model_save(context, net, NULL, path), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_model_load(context, path, &loaded, NULL), GRADUS_OK, "%s", gradus_context_message(context));
    digest_of(context, net, wanted);
    digest_of(context, loaded, found);
    cr_assert_str_eq(found, wanted);
    cr_assert_eq(gradus_net_loss(loaded), shape->loss);
    cr_assert_eq(gradus_net_inputs(loaded), shape->inputs);
    cr_assert_eq(gradus_net_layer_count(loaded), shape->layers);
    for (size_t l = 0; l < shape->layers; l++) {
        cr_assert_eq(gradus_net_layer(loaded, l).outputs, shape->outputs[l]);
        cr_assert_eq(gradus_net_layer(loaded, l).activation, shape->activations[l]);
    }
    gradus_net_destroy(context, loaded);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(net_bits, through_a_file) {
    char folder[] = "/tmp/gradus-net-XXXXXX", path[64];
    const net_shape classes = run_shape(), regression = shape_of(1, 2, (const size_t[]){100, 1}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SIGMOID);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    check_file(&classes, path);
    check_file(&regression, path);
    unlink(path);
    rmdir(folder);
}
