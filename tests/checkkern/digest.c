/* gradus-digest: one SHA-256 for each kernel over fixed pseudo-random problems, for the functions beside the kernels that results depend on, and for
 * products and short training runs by the public functions.
 * Two builds (compilers, optimisation levels) or two instruction sets that compute the same bits print the same lines. Needs libc and libm only.
 * `gradus-digest [--isa NAME]`: without a name, the fastest that runs here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/detmath.h"
#include "base/philox.h"
#include "base/sha256.h"
#include "checkkern/cases.h"
#include "checkkern/digest_nets.h"
#include "kernels/dispatch.h"

enum { EXIT_USAGE = 2, SEED = 2, DRAWS = 2000 };

static void print(gd_sha256 *hash, const char *name) {
    uint8_t digest[32];
    char hex[65];
    gd_sha256_final(hash, digest);
    gd_sha256_hex(digest, hex);
    printf("%s  %s\n", hex, name);
}

static void hash_u64(gd_sha256 *hash, uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    gd_sha256_update(hash, bytes, sizeof bytes);
}

static void hash_double(gd_sha256 *hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    hash_u64(hash, value == value ? bits : UINT64_C(0x7ff8000000000000));
}

static void digest_case(const gd_kernels *kernels, const gd_case *about) {
    static const size_t longer[] = {67, 257, 1021, 4096, 28571};
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (size_t i = 0; i < 40 + sizeof longer / sizeof longer[0]; i++) {
        const size_t n = i < 40 ? i : longer[i - 40];
        for (int values = 0; n >= about->least && n <= about->greatest && values < GD_VALUES_COUNT; values++) {
            gd_problem problem;
            gd_problem_make(&problem, about, n, (gd_values)values, SEED);
            about->kernel(kernels, &problem, problem.data);
            for (int j = 0; j < problem.arrays; j++) gd_sha256_floats(&hash, problem.data[j], problem.count[j]);
            gd_problem_free(&problem);
        }
    }
    print(&hash, about->name);
}

static void digest_function(const char *name, double (*function)(double), double low, double high) {
    gd_random random = gd_random_make(SEED, name, 0, 0);
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < DRAWS; i++) hash_double(&hash, function(low + (high - low) * gd_random_unit(&random)));
    print(&hash, name);
}

static void digest_power(void) {
    gd_random random = gd_random_make(SEED, "power", 0, 0);
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < DRAWS; i++) {
        const double base = gd_random_unit(&random);
        hash_double(&hash, gd_power(base, gd_random_next(&random) >> gd_random_below(&random, 64)));
    }
    print(&hash, "detmath/power");
}

static void digest_philox(void) {
    gd_random random = gd_random_make(SEED, "philox", 0, 0);
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < DRAWS; i++) {
        const uint64_t seed = gd_random_next(&random), step = gd_random_next(&random), element = gd_random_next(&random) >> 2;
        const gd_stream stream = gd_stream_make(seed, step, (uint32_t)i, GD_PURPOSE_DROPOUT);
        hash_u64(&hash, gd_random_word(stream, element));
        hash_double(&hash, gd_normal(stream, element));
    }
    print(&hash, "philox");
}

static void digest_shuffle(void) {
    enum { GREATEST = 1000 };
    static const size_t counts[] = {0, 1, 2, 3, 64, GREATEST};
    uint32_t order[GREATEST];
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        gd_shuffle(gd_stream_make(SEED, i, 0, GD_PURPOSE_SHUFFLE), order, counts[i]);
        for (size_t j = 0; j < counts[i]; j++) hash_u64(&hash, order[j]);
    }
    print(&hash, "shuffle");
}

/* By the public functions, which the kernels' name is enough for. */
static void digest_public(const char *isa) {
    static const char *const products[] = {"multiply/nn", "multiply/nt", "multiply/tn"};
    static const gd_digest_run runs[] = {
        {"sgd:lr=0.05", GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY, 0.0},
        {"momentum:lr=0.01", GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY, 0.1},
        {"adam:lr=0.001", GRADUS_ACTIVATION_SIGMOID, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_MSE, 0.0},
        {"sgd:lr=0.1", GRADUS_ACTIVATION_GELU, GRADUS_ACTIVATION_SIGMOID, GRADUS_LOSS_BINARY_CROSS_ENTROPY, 0.0},
        {"sgd:lr=0.01", GRADUS_ACTIVATION_SELU, GRADUS_ACTIVATION_SILU, GRADUS_LOSS_HALF_MSE, 0.0},
        {"sgd:lr=0.1", GRADUS_ACTIVATION_ELU, GRADUS_ACTIVATION_SOFTPLUS, GRADUS_LOSS_MAE, 0.0},
        {"sgd:lr=0.1", GRADUS_ACTIVATION_LEAKY_RELU, GRADUS_ACTIVATION_IDENTITY, GRADUS_LOSS_HUBER, 0.0},
    };
    gradus_context *context = gd_digest_context(isa);
    for (gradus_product product = GRADUS_PRODUCT_NN; product <= GRADUS_PRODUCT_TN; product++) {
        gd_sha256 hash;
        gd_sha256_init(&hash);
        gd_digest_products(context, product, &hash);
        print(&hash, products[product - GRADUS_PRODUCT_NN]);
    }
    gradus_dataset *digits = gd_digest_digits(context);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        char hex[65];
        gd_digest_training(context, digits, &runs[i], hex);
        printf("%s  training/%s/%s/%s/%s\n", hex, gradus_activation_name(runs[i].hidden), gradus_activation_name(runs[i].last),
               gradus_loss_name(runs[i].loss), runs[i].optimizer);
    }
    gradus_dataset_destroy(context, digits);
    gradus_context_destroy(context);
}

static void usage(const char *what, const char *value) {
    fprintf(stderr, "gradus-digest: %s%s\nusage: gradus-digest [--isa NAME]\n", what, value);
    exit(EXIT_USAGE);
}

static const gd_kernels *choose(const char *name) {
    const gd_kernels *best = NULL;
    for (size_t i = 0; gd_kernels_at(i) != NULL; i++) {
        const gd_kernels *kernels = gd_kernels_at(i);
        if (name && strcmp(name, kernels->name) != 0) continue;
        if (gd_kernels_runnable(kernels))
            best = kernels;
        else if (name)
            usage("this CPU cannot run ", name);
    }
    if (!best) usage("this build has no instruction set called ", name ? name : "");
    return best;
}

int main(int argc, char **argv) {
    const char *name = NULL;
    if (argc == 3 && strcmp(argv[1], "--isa") == 0)
        name = argv[2];
    else if (argc != 1)
        usage("unknown arguments, from ", argv[1]);
    const gd_kernels *kernels = choose(name);
    for (size_t i = 0; gd_case_at(i) != NULL; i++) digest_case(kernels, gd_case_at(i));
    digest_function("detmath/exp", gd_exp, -750.0, 720.0);
    digest_function("detmath/log", gd_log, 0.0, 1e6);
    digest_function("detmath/sin", gd_sin, -1000.0, 1000.0);
    digest_function("detmath/cos", gd_cos, -1000.0, 1000.0);
    digest_power();
    digest_philox();
    digest_shuffle();
    digest_public(kernels->name);
    return EXIT_SUCCESS;
}
