/* Proof of products and of batch invariance on random cases, for every instruction set that runs here:
 *   products  gradus_matrix_multiply (nn, nt, tn; any alpha and beta, row strides, unaligned arrays, sizes from 0 on, 1 to 3 threads), bit by bit
 *             against the reference in plain C (tests/reference), the gaps between rows included
 *   batches   a random net's output for a sample is the same bits whatever batch the sample sits in, at any place, with any number of threads, and
 *             what the reference makes of it
 * A case depends on the seed and its number only, so that one that fails is repeated alone. TAP. Needs libc, libm and pthread only.
 *     ninja -C build tests/checkkern/prove-products && build/tests/checkkern/prove-products
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradus/gradus.h>

#include "base/phases.h"
#include "checkkern/values.h"
#include "reference/reference.h"

static const char usage_text[] = "usage: prove-products [--what products|batches] [--isa NAME] [--seed NUMBER] [--first NUMBER] [--count NUMBER]\n"
                                 "default: both, every instruction set that runs here, seed 1, from case 0 on, 20000 products and 10000 batches\n";

enum { EXIT_USAGE = 2, MOST_ISAS = 8, MOST_THREADS = 3, MOST_LAYERS = 3, PRODUCTS = 20000, BATCHES = 10000, SHOWN = 5 };

typedef struct options {
    const char *what, *isa;
    uint64_t seed, first, count; /* count 0: the default */
} options;

typedef struct bench {
    const options *options;
    size_t isas;
    const char *names[MOST_ISAS];
    gradus_context *contexts[MOST_ISAS][MOST_THREADS + 1]; /* [isa][threads] */
    uint64_t failures[MOST_ISAS];
} bench;

static void *must_allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) abort();
    return memory;
}

static void must(gradus_context *context, gradus_status status) {
    if (!status) return;
    printf("Bail out! %s\n", context ? gradus_context_message(context) : "cannot make a context");
    exit(EXIT_FAILURE);
}

/* Lists are shared however small they are, and claimed in any order, where there are threads. */
static gradus_context *context_with(const bench *b, size_t isa, unsigned threads) {
    gd_phases_test_mode(threads > 1 ? 1 : -1);
    return b->contexts[isa][threads];
}

static int is_nan(uint32_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }

/* Any NaN for any NaN. */
static int same(float a, float b) {
    const uint32_t x = gd_float_bits(a), y = gd_float_bits(b);
    return x == y || (is_nan(x) && is_nan(y));
}

/* Where a is not b; count: nowhere. */
static size_t first_difference(const float *a, const float *b, size_t count) {
    size_t i = 0;
    while (i < count && same(a[i], b[i])) i++;
    return i;
}

static void report(bench *b, size_t isa, uint64_t number, const char *what, const char *about, float found, float wanted) {
    if (b->failures[isa]++ >= SHOWN) return;
    printf("# %s, %s: 0x%08x (%a), expected 0x%08x (%a)\n# repeat: prove-products --what %s --isa %s --seed %llu --first %llu --count 1\n",
           b->names[isa], about, (unsigned)gd_float_bits(found), (double)found, (unsigned)gd_float_bits(wanted), (double)wanted, what, b->names[isa],
           (unsigned long long)b->options->seed, (unsigned long long)number);
    fflush(stdout);
}

/* Mostly small, now and then one that several blocks and tiles make. */
static size_t draw_size(gd_random *random) {
    static const uint64_t limits[] = {4, 4, 36, 36, 36, 36, 36, 70, 70, 70, 70, 140, 140, 140, 301, 301};
    if (gd_random_below(random, 100) == 0) return 301 + (size_t)gd_random_below(random, 1000);
    return (size_t)gd_random_below(random, limits[gd_random_below(random, 16)]);
}

static gd_values draw_values(gd_random *random) {
    return gd_random_below(random, 3) ? GD_VALUES_NORMAL : (gd_values)gd_random_below(random, GD_VALUES_COUNT);
}

/* -- products -- */

typedef struct matrix {
    float *memory, *plain; /* from the first element on, with gaps; without gaps */
    size_t floats;         /* of memory, the last row's gap included */
    gradus_tensor tensor;
} matrix;

/* Starts 0 to 15 floats after an allocation's start; the gaps hold NaN. */
static matrix draw_matrix(gd_random *random, size_t rows, size_t columns, gd_values values) {
    matrix m;
    const size_t gap = gd_random_below(random, 3) ? (size_t)gd_random_below(random, 40) : 0, stride = columns + gap,
                 offset = gd_random_below(random, 16);
    m.floats = offset + rows * stride;
    m.memory = must_allocate(m.floats * sizeof(float));
    m.plain = must_allocate(rows * columns * sizeof(float));
    for (size_t i = 0; i < m.floats; i++) m.memory[i] = gd_float_from_bits(0x7fe00000u + (uint32_t)i % 1000);
    gd_values_fill(random, values, m.plain, rows * columns);
    for (size_t i = 0; i < rows; i++) memcpy(m.memory + offset + i * stride, m.plain + i * columns, columns * sizeof(float));
    m.tensor = gradus_tensor_matrix(GRADUS_DTYPE_F32, m.memory + offset, rows, columns);
    m.tensor.row_stride = (ptrdiff_t)stride;
    return m;
}

static void free_matrix(matrix *m) {
    free(m->memory);
    free(m->plain);
}

static float draw_factor(gd_random *random) {
    static const float usual[] = {1.0f, 1.0f, 0.0f, -0.0f, -1.0f};
    const uint64_t choice = gd_random_below(random, 8);
    return choice < 5 ? usual[choice] : gd_values_draw(random, GD_VALUES_NORMAL);
}

/* memory, with what the reference made of its rows. */
static float *expected_memory(const matrix *c) {
    float *expected = must_allocate(c->floats * sizeof(float));
    float *first = expected + ((const float *)c->tensor.data - c->memory);
    memcpy(expected, c->memory, c->floats * sizeof(float));
    for (size_t i = 0; i < c->tensor.rows; i++)
        memcpy(first + i * (size_t)c->tensor.row_stride, c->plain + i * c->tensor.columns, c->tensor.columns * sizeof(float));
    return expected;
}

static void check_product(bench *b, uint64_t number) {
    static const char *const names[] = {"nn", "nt", "tn"};
    gd_random random = gd_random_make(b->options->seed, "products", number, 0);
    const gradus_product kind = GRADUS_PRODUCT_NN + (gradus_product)gd_random_below(&random, 3);
    const size_t m = draw_size(&random), n = draw_size(&random), k = draw_size(&random);
    const unsigned threads = 1 + (unsigned)gd_random_below(&random, MOST_THREADS);
    const gd_values values = draw_values(&random);
    const float alpha = draw_factor(&random), beta = draw_factor(&random);
    matrix x = kind == GRADUS_PRODUCT_TN ? draw_matrix(&random, k, m, values) : draw_matrix(&random, m, k, values);
    matrix y = kind == GRADUS_PRODUCT_NT ? draw_matrix(&random, n, k, values) : draw_matrix(&random, k, n, values);
    matrix c = draw_matrix(&random, m, n, beta == 0.0f && number % 2 ? GD_VALUES_SPECIAL : values);
    float *const before = must_allocate(c.floats * sizeof(float));
    memcpy(before, c.memory, c.floats * sizeof(float));
    gd_reference_product(kind, m, n, k, alpha, x.plain, y.plain, beta, c.plain);
    float *const expected = expected_memory(&c);
    for (size_t isa = 0; isa < b->isas; isa++) {
        char about[200];
        gradus_context *context = context_with(b, isa, threads);
        memcpy(c.memory, before, c.floats * sizeof(float));
        must(context, gradus_matrix_multiply(context, kind, (double)alpha, &x.tensor, &y.tensor, (double)beta, &c.tensor));
        const size_t at = first_difference(c.memory, expected, c.floats);
        if (at == c.floats) continue;
        snprintf(about, sizeof about, "%s, %zu x %zu, k %zu, alpha %a, beta %a, %u threads, float %zu from C's memory's start",
                 names[kind - GRADUS_PRODUCT_NN], m, n, k, (double)alpha, (double)beta, threads, at);
        report(b, isa, number, "products", about, c.memory[at], expected[at]);
    }
    free(expected);
    free(before);
    free_matrix(&x);
    free_matrix(&y);
    free_matrix(&c);
}

/* -- batches -- */

#define ACTIVATION(number, NAME, name) GRADUS_ACTIVATION_##NAME,
#define LOSS(number, NAME, name) GRADUS_LOSS_##NAME,
static const gradus_activation activations[] = {GRADUS_ACTIVATION_MAP(ACTIVATION)};
static const gradus_loss losses[] = {GRADUS_LOSS_MAP(LOSS)};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0], LOSSES = sizeof losses / sizeof losses[0] };

static size_t draw_width(gd_random *random) {
    return 1 + (size_t)gd_random_below(random, gd_random_below(random, 2) ? 18 : gd_random_below(random, 20) ? 70 : 600);
}

/* A net of a kind that the library makes, with biases that are not 0. */
static gradus_net *draw_net(gradus_context *context, gd_random *random) {
    gradus_layer layers[MOST_LAYERS];
    gradus_net_config config;
    gradus_net *net = NULL;
    gradus_net_config_init(&config);
    config.inputs = draw_width(random);
    config.layers = layers;
    config.layer_count = 1 + (size_t)gd_random_below(random, MOST_LAYERS);
    config.seed = gd_random_next(random);
    for (size_t l = 0; l < config.layer_count; l++) layers[l] = (gradus_layer){.outputs = draw_width(random)};
    for (gradus_status status = GRADUS_INVALID_ARGUMENT; status != GRADUS_OK;) { /* activations and losses that go together */
        for (size_t l = 0; l < config.layer_count; l++) layers[l].activation = activations[gd_random_below(random, ACTIVATIONS)];
        config.loss = losses[gd_random_below(random, LOSSES)];
        status = gradus_net_create(context, &config, &net);
        if (status != GRADUS_INVALID_ARGUMENT && status != GRADUS_UNSUPPORTED) must(context, status);
    }
    for (size_t l = 0; l < config.layer_count; l++) {
        float *const bias = must_allocate(layers[l].outputs * sizeof(float));
        const gradus_tensor tensor = gradus_tensor_vector(GRADUS_DTYPE_F32, bias, layers[l].outputs);
        gd_values_fill(random, GD_VALUES_EVEN, bias, layers[l].outputs);
        must(context, gradus_net_set(context, net, l, NULL, &tensor));
        free(bias);
    }
    return net;
}

/* Samples as bytes or floats, rows with gaps. */
static gradus_tensor draw_inputs(gd_random *random, size_t samples, size_t inputs) {
    const size_t stride = inputs + gd_random_below(random, 10);
    if (gd_random_below(random, 3)) {
        float *const data = must_allocate(samples * stride * sizeof(float));
        gradus_tensor tensor = gradus_tensor_matrix(GRADUS_DTYPE_F32, data, samples, inputs);
        gd_values_fill(random, gd_random_below(random, 8) ? GD_VALUES_NORMAL : GD_VALUES_SPECIAL, data, samples * stride);
        tensor.row_stride = (ptrdiff_t)stride;
        return tensor;
    }
    uint8_t *const data = must_allocate(samples * stride);
    gradus_tensor tensor = gradus_tensor_matrix(GRADUS_DTYPE_U8, data, samples, inputs);
    for (size_t i = 0; i < samples * stride; i++) data[i] = (uint8_t)gd_random_next(random);
    tensor.row_stride = (ptrdiff_t)stride;
    return tensor;
}

/* These samples in this order, rows with another gap. */
static gradus_tensor gather(const gradus_tensor *inputs, const size_t *which, size_t count, size_t gap) {
    const size_t size = inputs->dtype == GRADUS_DTYPE_U8 ? 1 : sizeof(float), stride = inputs->columns + gap;
    gradus_tensor taken = gradus_tensor_matrix(inputs->dtype, must_allocate(count * stride * size), count, inputs->columns);
    taken.row_stride = (ptrdiff_t)stride;
    for (size_t i = 0; i < count; i++)
        memcpy((char *)taken.data + i * stride * size, (const char *)inputs->data + which[i] * (size_t)inputs->row_stride * size,
               inputs->columns * size);
    return taken;
}

static float *predict(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs) {
    float *const y = must_allocate(inputs->rows * gradus_net_outputs(net) * sizeof(float));
    const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, inputs->rows, gradus_net_outputs(net));
    must(context, gradus_net_predict(context, net, inputs, &outputs));
    return y;
}

/* The reference's output for one sample. */
static float *reference_output(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs, size_t sample) {
    float *x = must_allocate(inputs->columns * sizeof(float));
    const size_t at = sample * (size_t)inputs->row_stride;
    for (size_t i = 0; i < inputs->columns; i++)
        x[i] = inputs->dtype == GRADUS_DTYPE_U8 ? (float)((const uint8_t *)inputs->data)[at + i] * 0x1.010102p-8f
                                                : ((const float *)inputs->data)[at + i];
    size_t columns = inputs->columns;
    for (size_t l = 0; l < gradus_net_layer_count(net); l++) {
        const gradus_layer layer = gradus_net_layer(net, l);
        float *const y = must_allocate(layer.outputs * sizeof(float)), *const z = must_allocate(layer.outputs * sizeof(float));
        const gradus_tensor weights =
            gradus_tensor_matrix(GRADUS_DTYPE_F32, must_allocate(columns * layer.outputs * sizeof(float)), columns, layer.outputs);
        const gradus_tensor bias = gradus_tensor_vector(GRADUS_DTYPE_F32, must_allocate(layer.outputs * sizeof(float)), layer.outputs);
        must(context, gradus_net_get(context, net, l, &weights, &bias));
        gd_reference_forward(x, weights.data, bias.data, 1, columns, layer.outputs, layer.activation, z, y);
        free(z);
        free(weights.data);
        free(bias.data);
        free(x);
        x = y;
        columns = layer.outputs;
    }
    return x;
}

static void check_batch(bench *b, uint64_t number) {
    gd_random random = gd_random_make(b->options->seed, "batches", number, 0);
    gradus_net *net = draw_net(b->contexts[0][1], &random);
    const size_t outputs = gradus_net_outputs(net);
    const size_t samples = 1 + (size_t)gd_random_below(&random, gd_random_below(&random, 50) ? 90 : 1400),
                 taken = 1 + (size_t)gd_random_below(&random, 90);
    const unsigned threads = 1 + (unsigned)gd_random_below(&random, MOST_THREADS), others = 1 + (unsigned)gd_random_below(&random, MOST_THREADS);
    gradus_tensor whole = draw_inputs(&random, samples, gradus_net_inputs(net));
    size_t which[90];
    for (size_t i = 0; i < taken; i++) which[i] = (size_t)gd_random_below(&random, samples);
    gradus_tensor part = gather(&whole, which, taken, (size_t)gd_random_below(&random, 10));
    float *const expected = reference_output(b->contexts[0][1], net, &whole, which[0]);
    for (size_t isa = 0; isa < b->isas; isa++) {
        float *const y = predict(context_with(b, isa, threads), net, &whole), *const z = predict(context_with(b, isa, others), net, &part);
        for (size_t i = 0; i < taken; i++) {
            const float *const wanted = i == 0 ? expected : y + which[i] * outputs;
            size_t at = first_difference(z + i * outputs, wanted, outputs);
            const float *found = z + i * outputs;
            if (i == 0 && at == outputs) at = first_difference(found = y + which[0] * outputs, expected, outputs);
            if (at == outputs) continue;
            char about[200];
            snprintf(about, sizeof about, "sample %zu of %zu (%u threads), sample %zu of %zu (%u threads), output %zu%s", which[i], samples, threads,
                     i, taken, others, at, i == 0 ? ", against the reference" : "");
            report(b, isa, number, "batches", about, found[at], wanted[at]);
            break;
        }
        free(y);
        free(z);
    }
    free(expected);
    free(part.data);
    free(whole.data);
    gradus_net_destroy(b->contexts[0][1], net);
}

/* -- the run -- */

static int run(bench *b, const char *what, void (*check)(bench *b, uint64_t number), uint64_t usual, size_t *tests) {
    const uint64_t count = b->options->count ? b->options->count : usual;
    int bad = 0;
    memset(b->failures, 0, sizeof b->failures);
    for (uint64_t i = 0; i < count; i++) check(b, b->options->first + i);
    for (size_t isa = 0; isa < b->isas; isa++) {
        bad += b->failures[isa] != 0;
        printf("%s %zu - %s: %llu %s, seed %llu, %llu differ\n", b->failures[isa] ? "not ok" : "ok", ++*tests, b->names[isa],
               (unsigned long long)count, what, (unsigned long long)b->options->seed, (unsigned long long)b->failures[isa]);
    }
    fflush(stdout);
    return bad;
}

static void usage(const char *what, const char *value) {
    fprintf(stderr, "prove-products: %s%s\n%s", what, value, usage_text);
    exit(EXIT_USAGE);
}

static uint64_t number_of(const char *text) {
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 0);
    if (errno || *end || end == text || *text == '-') usage("not a number that can be used: ", text);
    return value;
}

static options parse(int argc, char **argv) {
    options o = {.seed = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            usage("unknown option, or one that needs a value: ", argv[i]);
        else if (strcmp(argv[i], "--what") == 0)
            o.what = argv[i + 1];
        else if (strcmp(argv[i], "--isa") == 0)
            o.isa = argv[i + 1];
        else if (strcmp(argv[i], "--seed") == 0)
            o.seed = number_of(argv[i + 1]);
        else if (strcmp(argv[i], "--first") == 0)
            o.first = number_of(argv[i + 1]);
        else if (strcmp(argv[i], "--count") == 0)
            o.count = number_of(argv[i + 1]);
        else
            usage("unknown option: ", argv[i]);
    }
    if (o.what && strcmp(o.what, "products") != 0 && strcmp(o.what, "batches") != 0) usage("products or batches, not ", o.what);
    return o;
}

static void make_contexts(bench *b) {
    int runnable;
    const char *name;
    for (size_t i = 0; (name = gradus_isa_name(i, &runnable, NULL)) != NULL; i++) {
        if (!runnable || (b->options->isa && strcmp(name, b->options->isa) != 0) || b->isas == MOST_ISAS) continue;
        b->names[b->isas] = name;
        for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
            gradus_context_config config;
            gradus_context_config_init(&config);
            config.isa = name;
            config.threads = threads;
            must(NULL, gradus_context_create(&config, &b->contexts[b->isas][threads]));
        }
        b->isas++;
    }
    if (!b->isas) usage("no such instruction set runs here: ", b->options->isa ? b->options->isa : "any");
}

int main(int argc, char **argv) {
    const options o = parse(argc, argv);
    bench b = {.options = &o};
    size_t tests = 0;
    int bad = 0;
    make_contexts(&b);
    const int products = !o.what || strcmp(o.what, "products") == 0, batches = !o.what || strcmp(o.what, "batches") == 0;
    printf("1..%zu\n", b.isas * (size_t)(products + batches));
    if (products) bad += run(&b, "products", check_product, PRODUCTS, &tests);
    if (batches) bad += run(&b, "batches", check_batch, BATCHES, &tests);
    for (size_t isa = 0; isa < b.isas; isa++)
        for (unsigned threads = 1; threads <= MOST_THREADS; threads++) gradus_context_destroy(b.contexts[isa][threads]);
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
