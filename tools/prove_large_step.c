/* Proof that gradus_optimizer_step takes more than 2^31 elements, and strides past 2^31: sgd with 2 threads on 8.6 GB of weights, every element compared
 * with plain C, those between the rows too. The gradients are one small piece of memory mapped again and again. Exit 0 if all are right, 1 if one is
 * not, 77 if there is not enough memory. A minute. Build, after ninja in build/:
 *     cc -std=c11 -D_GNU_SOURCE -O2 -ffp-contract=off -Iinclude tools/prove_large_step.c build/libgradus.a -lz -lm -lpthread -o build/prove_large_step
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <gradus/gradus.h>

#define COUNT (((size_t)1 << 31) + 4099)
#define NEEDED 10e9

/* A prime number of pages, so that no offset lost from an index (2^31, 2^32, ...) leads to an equal gradient. */
enum { PERIOD = 1021 * 4096 / sizeof(float), SHOWN = 10 };

static const float rates[] = {0.125f, 0.3f}; /* of the dense step, of the strided one */

/* The strided view, whose last element is the last of all, past 2^31, in the weights and in the gradients. */
enum { BATCH = 3, ROWS = 1009, COLUMNS = 701, ROW_STRIDE = 709659, BATCH_GAP = 29456, GRADIENT_ROW_STRIDE = 710009 };
#define BATCH_STRIDE ((size_t)ROWS * ROW_STRIDE + BATCH_GAP)
#define GRADIENT_BATCH_STRIDE ((size_t)ROWS * GRADIENT_ROW_STRIDE)

static _Noreturn void stop(const char *what, const char *why) {
    fprintf(stderr, "prove_large_step: %s: %s\n", what, why);
    exit(1);
}

/* Bytes that can be had without swapping, as Linux estimates them. */
static double available(void) {
    double kilobytes = 0;
    char line[256];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "MemAvailable: %lf", &kilobytes) != 1) {
    }
    if (file) fclose(file);
    return kilobytes * 1024.0;
}

/* 24 well-mixed bits of i as a number in [0, 1). */
static float mixed(uint64_t i) {
    i = (i ^ (i >> 29)) * 0x9e3779b97f4a7c15u;
    return (float)(i >> 40) * 0x1p-24f;
}

static float weight(size_t i) { return mixed(i) - 0.5f; }
static float gradient(size_t i) { return mixed(i % PERIOD + 7) * 8.0f - 4.0f; }

static void *mapped(void *where, size_t bytes, int protection, int flags, int file) {
    void *memory = mmap(where, bytes, protection, flags, file, 0);
    if (memory == MAP_FAILED) stop("mmap", "no address space");
    return memory;
}

/* COUNT gradients of period PERIOD, rounded up to whole periods. */
static float *virtual_gradients(void) {
    const size_t piece = PERIOD * sizeof(float), pieces = COUNT / PERIOD + 1;
    const int file = memfd_create("gradients", 0);
    if (file < 0 || ftruncate(file, (off_t)piece)) stop("memfd_create", "not possible");
    float *first = mapped(NULL, piece, PROT_READ | PROT_WRITE, MAP_SHARED, file);
    for (size_t i = 0; i < PERIOD; i++) first[i] = gradient(i);
    munmap(first, piece);
    char *all = mapped(NULL, pieces * piece, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    for (size_t i = 0; i < pieces; i++) mapped(all + i * piece, piece, PROT_READ, MAP_SHARED | MAP_FIXED, file);
    close(file);
    return (float *)all;
}

/* One step of sgd on the tensor; prints the time. */
static void step(gradus_context *context, const gradus_tensor *w, const gradus_tensor *g, float rate) {
    const gradus_parameter parameter = {NULL, w->batch, w->rows, w->columns, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_step_args args;
    struct timespec begin, end;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_SGD);
    config.hyper_parameters[GRADUS_LEARNING_RATE] = (double)rate;
    if (gradus_optimizer_create(context, &config, &parameter, 1, &optimizer)) stop("create", gradus_context_message(context));
    gradus_step_args_init(&args);
    args.parameters = w;
    args.gradients = g;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (gradus_optimizer_step(context, optimizer, &args)) stop("step", gradus_context_message(context));
    clock_gettime(CLOCK_MONOTONIC, &end);
    gradus_optimizer_destroy(context, optimizer);
    printf("step of %zu x %zu x %zu, row stride %td, with %u threads of %s: %.1f s\n", w->batch, w->rows, w->columns, w->row_stride,
           (unsigned)gradus_context_threads(context), gradus_context_isa(context),
           (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
}

static float after_dense(size_t i) { return fmaf(-rates[0], gradient(i), weight(i)); }

/* Whether element i is in the strided view, and which gradient it meets there. */
static int strided(size_t i, size_t *g) {
    const size_t batch = i / BATCH_STRIDE, row = i % BATCH_STRIDE / ROW_STRIDE, column = i % BATCH_STRIDE % ROW_STRIDE;
    *g = batch * GRADIENT_BATCH_STRIDE + row * GRADIENT_ROW_STRIDE + column;
    return batch < BATCH && row < ROWS && column < COLUMNS;
}

static float after_both(size_t i) {
    size_t g;
    return strided(i, &g) ? fmaf(-rates[1], gradient(g), after_dense(i)) : after_dense(i);
}

/* The number of elements that differ; prints the first ones. */
static size_t differences(const float *w, float (*expected)(size_t i)) {
    size_t bad = 0;
    for (size_t i = 0; i < COUNT; i++) {
        if (w[i] == expected(i)) continue;
        if (bad++ < SHOWN) printf("element %zu is %a, not %a\n", i, (double)w[i], (double)expected(i));
    }
    printf("%zu elements compared, %zu differ\n", COUNT, bad);
    return bad;
}

int main(void) {
    if (available() < NEEDED) {
        printf("skipped: not enough memory: %.1f GB available, %.0f GB needed\n", available() * 1e-9, NEEDED * 1e-9);
        return 77;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    gradus_context_config config;
    gradus_context *context;
    gradus_context_config_init(&config);
    config.threads = 2;
    if (gradus_context_create(&config, &context)) stop("context", "cannot be made");

    float *w = mapped(NULL, COUNT * sizeof(float), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    float *g = virtual_gradients();
    madvise(w, COUNT * sizeof(float), MADV_HUGEPAGE);
    for (size_t i = 0; i < COUNT; i++) w[i] = weight(i);

    const gradus_tensor dense_w = gradus_tensor_vector(GRADUS_DTYPE_F32, w, COUNT), dense_g = gradus_tensor_vector(GRADUS_DTYPE_F32, g, COUNT);
    step(context, &dense_w, &dense_g, rates[0]);
    size_t bad = differences(w, after_dense);

    const gradus_tensor rows_w = {w, BATCH, ROWS, COLUMNS, (ptrdiff_t)BATCH_STRIDE, ROW_STRIDE, GRADUS_DTYPE_F32, 0, 0};
    const gradus_tensor rows_g = {g, BATCH, ROWS, COLUMNS, (ptrdiff_t)GRADIENT_BATCH_STRIDE, GRADIENT_ROW_STRIDE, GRADUS_DTYPE_F32, 0, 0};
    step(context, &rows_w, &rows_g, rates[1]);
    bad += differences(w, after_both);

    gradus_context_destroy(context);
    puts(bad ? "FAILED" : "passed");
    return bad != 0;
}
