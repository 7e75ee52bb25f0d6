/* The speed of gradus_matrix_multiply against the machine's fused multiply-adds, both measured in turn in one process, on the same instruction set
 * and threads. Prints GFLOP/s by the clock; with one thread also by the time that it had (on a shared machine the clock counts others' work, too; of
 * several threads one may sleep, so their own times say nothing); the peak's by its threads' own time; and the share of it that the last before it is.
 * Each is what one repetition in ten reached; the best one may be a mistake of the clock. Build, after ninja in build/:
 *     cc -std=c11 -D_GNU_SOURCE -O2 -ffp-contract=off -Iinclude tools/measure_products.c build/libgradus.a -lz -lpthread -o build/measure_products
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gradus/gradus.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static const char usage[] = "usage: measure_products [--isa NAME] [--threads N] [--seconds S] [nn|nt|tn MxNxK]...\n"
                            "S: how long each shape is measured. Default: the fastest instruction set, 1 thread, 1 second, a list of shapes.\n";

enum { MAX_THREADS = 64, PEAK_STEPS = 4096, ALIGNMENT = 64, MAX_REPETITIONS = 10000 };

static double read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double now(void) { return read_clock(CLOCK_MONOTONIC); }

/* ---- the peak: independent chains of fused multiply-adds in registers ---- */

/* Runs the chains; returns how many operations (two an fma) that were. */
typedef double peak_function(void);

static volatile float factor = 0.999f, sink;

#define PEAK(NAME, TARGET, VECTOR, CHAINS, LANES, SET, FMA, FIRST) \
    TARGET static double NAME(void) { \
        const VECTOR x = SET(factor), y = SET(1.0f - factor); \
        VECTOR acc[CHAINS]; \
        _Pragma("GCC unroll 32") for (int i = 0; i < CHAINS; i++) acc[i] = SET(factor + (float)i); \
        for (int step = 0; step < PEAK_STEPS; step++) { \
            _Pragma("GCC unroll 32") for (int i = 0; i < CHAINS; i++) acc[i] = FMA(x, acc[i], y); \
        } \
        float total = 0.0f; \
        _Pragma("GCC unroll 32") for (int i = 0; i < CHAINS; i++) total += FIRST(acc[i]); \
        sink = total; \
        return 2.0 * LANES * CHAINS * PEAK_STEPS; \
    }

#define SAME(x) (x)
#if defined(__x86_64__)
PEAK(peak_avx512, __attribute__((target("avx512f"))), __m512, 24, 16, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_cvtss_f32)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), __m256, 12, 8, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_cvtss_f32)
#elif defined(__aarch64__)
#define NEON_FMA(a, b, c) vfmaq_f32(c, a, b)
#define NEON_FIRST(a) vgetq_lane_f32(a, 0)
PEAK(peak_neon, , float32x4_t, 24, 4, vdupq_n_f32, NEON_FMA, NEON_FIRST)
#endif
/* Plain C: a multiplication and an addition, which is no bound where the kernel's fma is emulated. */
#define PLAIN(a, b, c) ((a) * (b) + (c))
PEAK(peak_scalar, , float, 12, 1, SAME, PLAIN, SAME)

static peak_function *peak_of(const char *isa) {
#if defined(__x86_64__)
    if (strcmp(isa, "avx512") == 0) return peak_avx512;
    if (strcmp(isa, "avx2") == 0) return peak_avx2;
#elif defined(__aarch64__)
    if (strcmp(isa, "neon") == 0) return peak_neon;
#endif
    return peak_scalar;
}

typedef struct peak_thread {
    pthread_t thread;
    peak_function *function;
    double rate; /* operations a second */
} peak_thread;

static void *run_peak(void *argument) {
    peak_thread *own = argument;
    const double begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
    double operations = 0.0;
    for (int i = 0; i < 20; i++) operations += own->function();
    own->rate = operations / (read_clock(CLOCK_THREAD_CPUTIME_ID) - begin);
    return NULL;
}

/* All threads at once, each in its own time. */
static double measure_peak(peak_function *function, unsigned threads) {
    peak_thread own[MAX_THREADS];
    double rate = 0.0;
    for (unsigned t = 0; t < threads; t++) own[t].function = function;
    for (unsigned t = 1; t < threads; t++)
        if (pthread_create(&own[t].thread, NULL, run_peak, &own[t]) != 0) exit(1);
    run_peak(&own[0]);
    for (unsigned t = 0; t < threads; t++) {
        if (t > 0) pthread_join(own[t].thread, NULL);
        rate += own[t].rate;
    }
    return rate;
}

/* ---- products ---- */

typedef struct rates {
    double at[MAX_REPETITIONS];
    size_t count;
} rates;

static int by_size(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

/* What a tenth of them reached. */
static double good_rate(rates *r) {
    qsort(r->at, r->count, sizeof *r->at, by_size);
    return r->at[r->count - 1 - r->count / 10];
}

typedef struct shape {
    gradus_product kind;
    size_t m, n, k;
} shape;

static const shape shapes[] = {
    {GRADUS_PRODUCT_NN, 1024, 1024, 1024}, {GRADUS_PRODUCT_NT, 1024, 1024, 1024}, {GRADUS_PRODUCT_TN, 1024, 1024, 1024},
    {GRADUS_PRODUCT_NN, 512, 2048, 2048},  {GRADUS_PRODUCT_NN, 256, 1024, 1024},  {GRADUS_PRODUCT_NT, 256, 1024, 1024},
    {GRADUS_PRODUCT_TN, 256, 1024, 1024},  {GRADUS_PRODUCT_NN, 128, 512, 784},    {GRADUS_PRODUCT_NN, 64, 4096, 4096},
    {GRADUS_PRODUCT_NN, 1023, 1027, 1025}, {GRADUS_PRODUCT_NN, 2048, 2048, 2048}, {GRADUS_PRODUCT_NN, 64, 64, 64},
    {GRADUS_PRODUCT_NN, 17, 33, 65},       {GRADUS_PRODUCT_NN, 1, 1024, 1024},    {GRADUS_PRODUCT_NT, 1, 1024, 1024},
    {GRADUS_PRODUCT_NN, 4, 1024, 1024},    {GRADUS_PRODUCT_NN, 1024, 1, 1024},    {GRADUS_PRODUCT_NN, 1024, 10, 784},
    {GRADUS_PRODUCT_TN, 1024, 1024, 8},
};

static const char *const kind_names[] = {"", "nn", "nt", "tn"};

static gradus_tensor make_matrix(size_t rows, size_t columns) {
    const size_t bytes = (rows * columns * sizeof(float) + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    float *memory = aligned_alloc(ALIGNMENT, bytes);
    if (!memory) exit(1);
    for (size_t i = 0; i < rows * columns; i++) memory[i] = (float)(i * 2654435761u % 1000) / 1000.0f - 0.5f;
    return gradus_tensor_matrix(GRADUS_DTYPE_F32, memory, rows, columns);
}

static void measure(gradus_context *context, const shape *s, double seconds) {
    const int tn = s->kind == GRADUS_PRODUCT_TN, nt = s->kind == GRADUS_PRODUCT_NT;
    const gradus_tensor a = make_matrix(tn ? s->k : s->m, tn ? s->m : s->k), b = make_matrix(nt ? s->n : s->k, nt ? s->k : s->n);
    const gradus_tensor c = make_matrix(s->m, s->n);
    peak_function *peak = peak_of(gradus_context_isa(context));
    const unsigned threads = gradus_context_threads(context);
    const double operations = 2.0 * (double)s->m * (double)s->n * (double)s->k;
    const size_t calls = operations < 1e7 ? (size_t)(1e7 / operations) + 1 : 1; /* a measurement */
    static rates peaks, products, by_clock;
    peaks.count = products.count = by_clock.count = 0;
    for (const double end = now() + seconds; products.count < MAX_REPETITIONS && (products.count == 0 || now() < end);) {
        peaks.at[peaks.count++] = measure_peak(peak, threads);
        const double begin = now(), begin_own = read_clock(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t i = 0; i < calls; i++)
            if (gradus_matrix_multiply(context, s->kind, 1.0, &a, &b, 0.0, &c) != GRADUS_OK) {
                fprintf(stderr, "measure_products: %s\n", gradus_context_message(context));
                exit(1);
            }
        products.at[products.count++] = operations * (double)calls / (read_clock(CLOCK_PROCESS_CPUTIME_ID) - begin_own);
        by_clock.at[by_clock.count++] = operations * (double)calls / (now() - begin);
    }
    const double clocked = good_rate(&by_clock), best = threads > 1 ? clocked : good_rate(&products), best_peak = good_rate(&peaks);
    printf("%-8s %u  %s %5zux%5zux%5zu  %8.2f by the clock  %8.2f GFLOP/s  peak %8.2f  %5.1f %%\n", gradus_context_isa(context), threads,
           kind_names[s->kind], s->m, s->n, s->k, clocked * 1e-9, best * 1e-9, best_peak * 1e-9, 100.0 * best / best_peak);
    fflush(stdout);
    free(a.data);
    free(b.data);
    free(c.data);
}

static int wrong_usage(void) {
    fputs(usage, stderr);
    return 2;
}

static int read_shape(const char *kind, const char *sizes, shape *s) {
    for (s->kind = GRADUS_PRODUCT_NN; s->kind <= GRADUS_PRODUCT_TN; s->kind++)
        if (strcmp(kind, kind_names[s->kind]) == 0) return sscanf(sizes, "%zux%zux%zu", &s->m, &s->n, &s->k) == 3;
    return 0;
}

int main(int argc, char **argv) {
    gradus_context_config config;
    gradus_context *context;
    char message[256] = "";
    double seconds = 1.0;
    int i = 1;
    gradus_context_config_init(&config);
    config.threads = 1;
    config.message = message;
    config.message_size = sizeof message;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--isa") == 0)
            config.isa = argv[i + 1];
        else if (strcmp(argv[i], "--threads") == 0)
            config.threads = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtod(argv[i + 1], NULL);
        else
            return wrong_usage();
    }
    if (config.threads < 1 || config.threads > MAX_THREADS || (argc - i) % 2 != 0) return wrong_usage();
    if (gradus_context_create(&config, &context) != GRADUS_OK) {
        fprintf(stderr, "measure_products: %s\n", message);
        return 1;
    }
    for (size_t s = 0; i == argc && s < sizeof shapes / sizeof shapes[0]; s++) measure(context, &shapes[s], seconds);
    for (; i < argc; i += 2) {
        shape s;
        if (!read_shape(argv[i], argv[i + 1], &s)) return wrong_usage();
        measure(context, &s, seconds);
    }
    gradus_context_destroy(context);
    return 0;
}
