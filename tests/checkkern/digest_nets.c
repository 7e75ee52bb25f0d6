/* Digests of what is made of kernels: products of matrices of any shape, and short training runs. The host rounds upwards meanwhile, which the
 * library must not notice. */
#include "checkkern/digest_nets.h"

#include <fenv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkkern/values.h"

#include <gradus/gradus.h>

enum { SEED = 3, STEPS = 10, INPUTS = 784, CLASSES = 10, SHAPES = 24, GREATEST_SIDE = 150 };

static void must(gradus_context *context, gradus_status status) {
    if (!status) return;
    fprintf(stderr, "gradus-digest: %s\n", context ? gradus_context_message(context) : "cannot make a context");
    exit(EXIT_FAILURE);
}

static void *must_allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) abort();
    return memory;
}

gradus_context *gd_digest_context(const char *isa) {
    gradus_context *context = NULL;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.isa = isa;
    config.threads = 2;
    must(NULL, gradus_context_create(&config, &context));
    return context;
}

/* rows x columns numbers, the rows with a random gap between them. */
static gradus_tensor drawn_matrix(gd_random *random, size_t rows, size_t columns) {
    const size_t stride = columns + gd_random_below(random, 20), count = rows * stride;
    gradus_tensor matrix = gradus_tensor_matrix(GRADUS_DTYPE_F32, must_allocate(count * sizeof(float)), rows, columns);
    matrix.row_stride = (ptrdiff_t)stride;
    matrix.batch_stride = (ptrdiff_t)count;
    gd_values_fill(random, GD_VALUES_NORMAL, matrix.data, count);
    return matrix;
}

void gd_digest_products(gradus_context *context, gradus_product product, gd_sha256 *hash) {
    for (uint64_t i = 0; i < SHAPES; i++) {
        gd_random random = gd_random_make(SEED, "products", (uint64_t)product, i);
        const size_t m = (size_t)gd_random_below(&random, GREATEST_SIDE), n = (size_t)gd_random_below(&random, GREATEST_SIDE);
        const size_t k = (size_t)gd_random_below(&random, 4 * GREATEST_SIDE);
        const gradus_tensor a = product == GRADUS_PRODUCT_TN ? drawn_matrix(&random, k, m) : drawn_matrix(&random, m, k);
        const gradus_tensor b = product == GRADUS_PRODUCT_NT ? drawn_matrix(&random, n, k) : drawn_matrix(&random, k, n);
        const gradus_tensor c = drawn_matrix(&random, m, n);
        const double alpha = i % 2 ? 1.0 : 0.7, beta = i % 3 ? (double)(i % 3 - 1) : -0.3;
        fesetround(FE_UPWARD);
        const gradus_status status = gradus_matrix_multiply(context, product, alpha, &a, &b, beta, &c);
        fesetround(FE_TONEAREST);
        must(context, status);
        gd_sha256_floats(hash, c.data, m * (size_t)c.row_stride);
        free(a.data);
        free(b.data);
        free(c.data);
    }
}

/* 784 -> 33 -> 10: no width fills its vectors. */
static gradus_net *make_net(gradus_context *context, const gd_digest_run *run) {
    const gradus_layer layers[] = {{33, run->hidden, 0}, {CLASSES, run->last, 0}};
    gradus_net_config config;
    gradus_net *net = NULL;
    gradus_net_config_init(&config);
    config.inputs = INPUTS;
    config.layers = layers;
    config.layer_count = 2;
    config.loss = run->loss;
    config.label_smoothing = run->label_smoothing;
    config.seed = SEED;
    must(context, gradus_net_create(context, &config, &net));
    return net;
}

gradus_dataset *gd_digest_digits(gradus_context *context) {
    gradus_dataset *train = NULL, *test = NULL;
    fesetround(FE_UPWARD);
    const gradus_status status = gradus_dataset_open(context, "digits", &train, &test);
    fesetround(FE_TONEAREST);
    must(context, status);
    gradus_dataset_destroy(context, test);
    return train;
}

void gd_digest_training(gradus_context *context, const gradus_dataset *digits, const gd_digest_run *run, char digest[65]) {
    gradus_net *net = make_net(context, run);
    gradus_optimizer *optimizer = NULL;
    gradus_optimizer_config config;
    gradus_train_config train;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_SGD);
    must(context, gradus_optimizer_config_parse(context, run->optimizer, &config));
    must(context, gradus_net_optimizer_create(context, net, &config, &optimizer));
    gradus_train_config_init(&train);
    train.batch_size = 67;
    train.max_steps = STEPS;
    train.seed = SEED;
    fesetround(FE_UPWARD);
    const gradus_status status = gradus_train(context, net, optimizer, digits, &train, NULL);
    fesetround(FE_TONEAREST);
    must(context, status);
    must(context, gradus_net_sha256(context, net, digest));
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}
