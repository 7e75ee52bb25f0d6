/* Speed of the elementary functions beside SLEEF's 1-ulp functions (Debian package libsleef-dev) on the same instruction set: both loops over the same
 * arrays in L1, run in turn, the best of many rounds. Where SLEEF has no such function, one is composed of its functions in fp32: sigmoid, silu,
 * softplus, gelu; rsqrt is the hardware's root and quotient. Built by `ninja -C build tools/compare_sleef`; `compare_sleef [FUNCTION]`. */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernels/dispatch.h"

enum { N = 2048, CALLS = 8, ROUNDS = 400 };

typedef void loop(const float *x, float *y, size_t n);

/* The loops of one instruction set: V the vector, W its lanes, P the intrinsics' prefix, S the suffix of SLEEF's names. */
#define LOOP(isa, target_name, W, P, function, ...) \
    __attribute__((target(target_name))) static void isa##_##function(const float *px, float *py, size_t n) { \
        for (size_t i = 0; i < n; i += W) { \
            const __typeof__(P##setzero_ps()) x = P##loadu_ps(px + i); \
            P##storeu_ps(py + i, __VA_ARGS__); \
        } \
    }
#define SIGMOID_DIVISOR(P, S) P##add_ps(P##set1_ps(1.0f), Sleef_expf##S(P##sub_ps(P##setzero_ps(), x)))
#define LOOPS(isa, target_name, V, W, P, S) \
    V Sleef_expf##S(V); \
    V Sleef_logf##S(V); \
    V Sleef_tanhf##S(V); \
    V Sleef_expm1f##S(V); \
    V Sleef_log1pf##S(V); \
    V Sleef_erff##S(V); \
    LOOP(isa, target_name, W, P, exp, Sleef_expf##S(x)) \
    LOOP(isa, target_name, W, P, log, Sleef_logf##S(x)) \
    LOOP(isa, target_name, W, P, tanh, Sleef_tanhf##S(x)) \
    LOOP(isa, target_name, W, P, sigmoid, P##div_ps(P##set1_ps(1.0f), SIGMOID_DIVISOR(P, S))) \
    LOOP(isa, target_name, W, P, expm1, Sleef_expm1f##S(x)) \
    LOOP(isa, target_name, W, P, log1p, Sleef_log1pf##S(x)) \
    LOOP(isa, target_name, W, P, softplus, \
         P##add_ps(P##max_ps(x, P##setzero_ps()), \
                   Sleef_log1pf##S(Sleef_expf##S(P##sub_ps(P##setzero_ps(), P##max_ps(x, P##sub_ps(P##setzero_ps(), x))))))) \
    LOOP(isa, target_name, W, P, erf, Sleef_erff##S(x)) \
    LOOP(isa, target_name, W, P, gelu, \
         P##mul_ps(P##mul_ps(x, P##set1_ps(0.5f)), P##add_ps(P##set1_ps(1.0f), Sleef_erff##S(P##mul_ps(x, P##set1_ps(0x1.6a09e6p-1f)))))) \
    LOOP(isa, target_name, W, P, rsqrt, P##div_ps(P##set1_ps(1.0f), P##sqrt_ps(x))) \
    LOOP(isa, target_name, W, P, silu, P##div_ps(x, SIGMOID_DIVISOR(P, S)))

LOOPS(avx2, "avx2,fma", __m256, 8, _mm256_, 8_u10avx2)
LOOPS(avx512, "avx512f", __m512, 16, _mm512_, 16_u10avx512f)

#define ENTRY(NAME, name) {#name, GD_UNARY_##NAME, {avx2_##name, avx512_##name}},
static const struct {
    const char *name;
    int slot;
    loop *sleef[2];
} functions[] = {GD_ELEMENTARY_MAP(ENTRY)};
static const char *const isas[2] = {"avx2", "avx512"};

static const gd_kernels *table_of(const char *name) {
    for (size_t i = 0; gd_kernels_at(i) != NULL; i++)
        if (strcmp(gd_kernels_at(i)->name, name) == 0 && gd_kernels_runnable(gd_kernels_at(i))) return gd_kernels_at(i);
    return NULL;
}

static float x[N], y[N];

/* Evenly over what a function is used for, in mixed order. */
static void fill(int slot) {
    const int positive = slot == GD_UNARY_LOG || slot == GD_UNARY_RSQRT;
    const float low = positive ? 0x1p-6f : slot == GD_UNARY_LOG1P ? -0.9f : -8.0f, high = 8.0f;
    for (uint32_t i = 0; i < N; i++) x[i] = low + (high - low) * (float)(i * 1103u % N) / N;
}

static double seconds(loop *run) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < CALLS; i++) run(x, y, N);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

int main(int argc, char **argv) {
    printf("function isa     gradus   sleef, G results/s   ratio\n");
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
        if (argc > 1 && strcmp(argv[1], functions[f].name) != 0) continue;
        fill(functions[f].slot);
        for (int k = 0; k < 2; k++) {
            const gd_kernels *table = table_of(isas[k]);
            double own = INFINITY, sleef = INFINITY;
            if (!table) continue;
            for (int round = 0; round < ROUNDS; round++) {
                own = fmin(own, seconds(table->unary[functions[f].slot]));
                sleef = fmin(sleef, seconds(functions[f].sleef[k]));
            }
            const double results = 1e-9 * N * CALLS;
            printf("%-8s %-7s %6.2f  %6.2f                %5.2f\n", functions[f].name, isas[k], results / own, results / sleef, sleef / own);
        }
    }
    return 0;
}
