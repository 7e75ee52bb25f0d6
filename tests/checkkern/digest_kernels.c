/* The digests of single kernels and of the functions beside them. */
#include "checkkern/digest.h"

#include <stdlib.h>

#include "base/detmath.h"
#include "base/philox.h"
#include "checkkern/cases.h"

enum { SEED = 2, DRAWS = 2000 };

static void digest_case(const gd_kernels *kernels, const gd_case *about, gd_digests *digests) {
    static const size_t longer[] = {67, 257, 1021, 4096, 28571};
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (size_t i = 0; i < 40 + sizeof longer / sizeof longer[0]; i++) {
        const size_t n = i < 40 ? i : longer[i - 40];
        for (int values = 0; n >= about->least && n <= about->greatest && values < GD_VALUES_COUNT; values++) {
            gd_problem problem;
            if (n > 5000 && values > GD_VALUES_WIDE) continue; /* long ones are there for the shape of trees, and many bit patterns */
            gd_problem_make(&problem, about, n, (gd_values)values, SEED);
            about->kernel(kernels, &problem, problem.data);
            for (int j = 0; j < problem.arrays; j++) gd_sha256_floats(&hash, problem.data[j], problem.count[j]);
            gd_problem_free(&problem);
        }
    }
    gd_digests_add(digests, &hash, "%s", about->name);
}

static void digest_function(gd_digests *digests, const char *name, double (*function)(double), double low, double high) {
    gd_random random = gd_random_make(SEED, name, 0, 0);
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < DRAWS; i++) gd_hash_double(&hash, function(low + (high - low) * gd_random_unit(&random)));
    gd_digests_add(digests, &hash, "%s", name);
}

static void digest_power(gd_digests *digests) {
    gd_random random = gd_random_make(SEED, "power", 0, 0);
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < DRAWS; i++) {
        const double base = gd_random_unit(&random);
        gd_hash_double(&hash, gd_power(base, gd_random_shifted(&random, 63)));
    }
    gd_digests_add(digests, &hash, "detmath/power");
}

static void digest_philox(gd_digests *digests) {
    gd_random random = gd_random_make(SEED, "philox", 0, 0);
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < DRAWS; i++) {
        const uint64_t seed = gd_random_next(&random), step = gd_random_next(&random), element = gd_random_next(&random) >> 2;
        const gd_stream stream = gd_stream_make(seed, step, (uint32_t)i, GD_PURPOSE_DROPOUT);
        gd_hash_u64(&hash, gd_random_word(stream, element));
        gd_hash_double(&hash, gd_normal(stream, element));
    }
    gd_digests_add(digests, &hash, "philox");
}

static void digest_shuffle(gd_digests *digests) {
    enum { GREATEST = 1000 };
    static const size_t counts[] = {0, 1, 2, 3, 64, GREATEST};
    uint32_t order[GREATEST];
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        gd_shuffle(gd_stream_make(SEED, i, 0, GD_PURPOSE_SHUFFLE), order, counts[i]);
        for (size_t j = 0; j < counts[i]; j++) gd_hash_u64(&hash, order[j]);
    }
    gd_digests_add(digests, &hash, "shuffle");
}

void gd_digest_kernels(const gd_kernels *kernels, gd_digests *digests) {
    for (size_t i = 0; gd_case_at(i) != NULL; i++) digest_case(kernels, gd_case_at(i), digests);
    digest_function(digests, "detmath/exp", gd_exp, -750.0, 720.0);
    digest_function(digests, "detmath/log", gd_log, 0.0, 1e6);
    digest_function(digests, "detmath/sin", gd_sin, -1000.0, 1000.0);
    digest_function(digests, "detmath/cos", gd_cos, -1000.0, 1000.0);
    digest_power(digests);
    digest_philox(digests);
    digest_shuffle(digests);
}
