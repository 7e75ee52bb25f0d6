/* Are more threads ever slower than one? Training steps and predictions over a grid of nets and batches, the same net by a context with one thread and
 * by one with several, timed in turn. A pair's ratio is time with one thread / time with several; a case's figure is the median of its pairs, "slower"
 * means that nine pairs in ten are below 0.95. Prints a row a case. Build, after ninja in build/:
 *     cc -std=c11 -D_GNU_SOURCE -O2 -Iinclude tools/compare_threads.c build/libgradus.a -lz -lpthread -o build/compare_threads
 * exit: 0 no case is slower, 1 one is, or a call failed, 2 wrong usage */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gradus/gradus.h>

static const char usage[] = "usage: compare_threads [THREADS]    default: the number of CPUs\n";

enum { MOST_LAYERS = 4, PAIRS = 21 };
static const double PAIR_SECONDS = 0.01; /* of each half, at least */

typedef struct shape {
    const char *name;
    size_t inputs, widths[MOST_LAYERS];
} shape;

static const shape shapes[] = {
    {"1-1", 1, {1}},
    {"2-10-1", 2, {10, 1}},
    {"13-64-64-3", 13, {64, 64, 3}},
    {"784-10-10", 784, {10, 10}},
    {"784-32-10", 784, {32, 10}},
    {"64-64-64-64-10", 64, {64, 64, 64, 10}},
    {"784-128-10", 784, {128, 10}},
    {"300-1000-300", 300, {1000, 300}},
    {"784-512-512-10", 784, {512, 512, 10}},
};
static const size_t batches[] = {1, 4, 16, 32, 64, 128, 500};

/* A net and its batch, and the contexts that compute on them. */
typedef struct subject {
    gradus_context *one, *several;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gradus_batch batch;
    gradus_tensor outputs;
} subject;

static void must(gradus_context *context, gradus_status status) {
    if (status == GRADUS_OK) return;
    fprintf(stderr, "compare_threads: %s\n", context ? gradus_context_message(context) : "out of memory");
    exit(1);
}

static float *numbers(size_t n) {
    float *x = malloc(n * sizeof *x);
    if (!x) must(NULL, GRADUS_OUT_OF_MEMORY);
    for (size_t i = 0; i < n; i++) x[i] = (float)((i * 2654435761u >> 8) % 1001) * 1e-3f;
    return x;
}

static gradus_context *context_of(unsigned threads) {
    gradus_context *context;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = threads;
    must(NULL, gradus_context_create(&config, &context));
    return context;
}

static subject make(const shape *shape, size_t batch, unsigned threads) {
    subject s = {.one = context_of(1), .several = context_of(threads)};
    gradus_net_config net;
    gradus_optimizer_config adam;
    gradus_layer layers[MOST_LAYERS];
    size_t count = 0;
    for (; count < MOST_LAYERS && shape->widths[count]; count++) layers[count] = (gradus_layer){shape->widths[count], GRADUS_ACTIVATION_RELU, 0};
    layers[count - 1].activation = GRADUS_ACTIVATION_IDENTITY;
    gradus_net_config_init(&net);
    net.inputs = shape->inputs;
    net.layers = layers;
    net.layer_count = count;
    net.loss = GRADUS_LOSS_MSE;
    must(s.one, gradus_net_create(s.one, &net, &s.net));
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    must(s.one, gradus_net_optimizer_create(s.one, s.net, &adam, &s.optimizer));
    const size_t last = shape->widths[count - 1];
    gradus_batch_init(&s.batch);
    s.batch.samples = batch;
    s.batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, numbers(batch * shape->inputs), batch, shape->inputs);
    s.batch.targets = gradus_tensor_matrix(GRADUS_DTYPE_F32, numbers(batch * last), batch, last);
    s.outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, numbers(batch * last), batch, last);
    return s;
}

static void destroy(subject *s) {
    free(s->batch.inputs.data);
    free(s->batch.targets.data);
    free(s->outputs.data);
    gradus_optimizer_destroy(s->one, s->optimizer);
    gradus_net_destroy(s->one, s->net);
    gradus_context_destroy(s->one);
    gradus_context_destroy(s->several);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double seconds(const subject *s, gradus_context *context, int trains, long times) {
    double loss;
    const double begin = now();
    for (long i = 0; i < times; i++)
        must(context, trains ? gradus_net_step(context, s->net, s->optimizer, &s->batch, &loss)
                             : gradus_net_predict(context, s->net, &s->batch.inputs, &s->outputs));
    return (now() - begin) / (double)times;
}

static int compare_numbers(const void *a, const void *b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Prints the row; whether several threads are slower. */
static int compare(const shape *shape, size_t batch, unsigned threads, int trains) {
    subject s = make(shape, batch, threads);
    double ratios[PAIRS], alone = 0;
    (void)seconds(&s, s.several, trains, 3);
    const long times = 1 + (long)(PAIR_SECONDS / seconds(&s, s.one, trains, 3));
    for (int i = 0; i < PAIRS; i++) {
        alone = seconds(&s, s.one, trains, times);
        ratios[i] = alone / seconds(&s, s.several, trains, times);
    }
    qsort(ratios, PAIRS, sizeof ratios[0], compare_numbers);
    const int slower = ratios[PAIRS - 1 - PAIRS / 10] < 0.95;
    printf("%-8s %-16s %5zu %10.2f us %8.2f %8.2f %8.2f   %s\n", trains ? "train" : "predict", shape->name, batch, 1e6 * alone, ratios[PAIRS / 2],
           ratios[PAIRS / 10], ratios[PAIRS - 1 - PAIRS / 10], slower ? "slower" : "");
    fflush(stdout);
    destroy(&s);
    return slower;
}

int main(int count, char **arguments) {
    gradus_context *context;
    unsigned cases = 0, slower = 0;
    must(NULL, gradus_context_create(NULL, &context));
    const unsigned threads = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : gradus_context_threads(context);
    gradus_context_destroy(context);
    if (count > 2 || threads < 2 || threads > 256) {
        fputs(usage, stderr);
        return 2;
    }
    printf("%u threads against one\n%-8s %-16s %5s %13s %8s %8s %8s\n", threads, "", "net", "batch", "one thread", "times", "10 %", "90 %");
    for (int trains = 1; trains >= 0; trains--)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++, cases++)
                slower += (unsigned)compare(&shapes[s], batches[b], threads, trains);
    printf("%u cases, %u slower\n", cases, slower);
    return slower > 0;
}
