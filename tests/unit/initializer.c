/* Initial weights: every element by docs/numerics.md's formula, their spread, biases, and initializers as text. */
#include "base/philox.h"
#include "nets.h"

enum { IN = 40, OUT = 33 };

static gradus_net *initialised(gradus_context *context, const char *text, size_t inputs, const size_t outputs[2], uint64_t seed) {
    const net_shape shape = shape_of(inputs, 2, outputs, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY);
    gradus_initializer initializer;
    gradus_layer layers[MOST_LAYERS];
    gradus_net *net;
    gradus_initializer_init(&initializer);
    if (text) cr_assert_eq(gradus_initializer_parse(context, text, &initializer), GRADUS_OK, "%s", gradus_context_message(context));
    gradus_net_config config = net_config_of(&shape, layers, seed);
    config.initializer = text ? &initializer : NULL;
    cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_OK, "%s", gradus_context_message(context));
    return net;
}

typedef enum form { CONSTANT, UNIFORM, NORMAL } form;

/* What each name should give for IN inputs and OUT outputs: uniform from low to low + width, or normal. */
static const struct {
    const char *text;
    form form;
    double low, width; /* of a normal one: mean, standard deviation */
    bool bias;
} cases[] = {
    {"glorot-uniform", UNIFORM, -0.28669, 2 * 0.28669, false},
    {"keras", UNIFORM, -0.28669, 2 * 0.28669, false},
    {"glorot-normal", NORMAL, 0.0, 0.16552, false},
    {"he-uniform", UNIFORM, -0.38730, 2 * 0.38730, false},
    {"he-normal", NORMAL, 0.0, 0.22361, false},
    {"lecun-uniform", UNIFORM, -0.27386, 2 * 0.27386, false},
    {"lecun-normal", NORMAL, 0.0, 0.15811, false},
    {"torch", UNIFORM, -0.15811, 2 * 0.15811, true},
    {"uniform", UNIFORM, -0.05, 0.1, false},
    {"uniform:low=1,high=3", UNIFORM, 1.0, 2.0, false},
    {"normal", NORMAL, 0.0, 0.05, false},
    {"normal:mean=-2,stddev=0.5", NORMAL, -2.0, 0.5, false},
    {"normal:stddev=0", NORMAL, 0.0, 0.0, false},
    {"zeros", CONSTANT, 0.0, 0.0, false},
};

static double expected(form f, double low, double width, uint64_t seed, uint32_t position, size_t row, size_t column) {
    const gd_stream stream = {seed, 0, position * 16};
    const uint64_t element = (uint64_t)row * ((OUT + 3) / 4 * 4) + column;
    if (f == CONSTANT) return 0.0;
    return f == NORMAL ? low + width * gd_normal(stream, element) : low + width * (double)gd_uniform(gd_random_word(stream, element));
}

Test(initializer, every_element) {
    gradus_context *context = context_with(NULL, 1);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        gradus_net *net = initialised(context, cases[c].text, IN, (const size_t[]){OUT, 2}, 99);
        float w[IN * OUT], b[OUT];
        const gradus_tensor weights = gradus_tensor_matrix(GRADUS_DTYPE_F32, w, IN, OUT), bias = gradus_tensor_vector(GRADUS_DTYPE_F32, b, OUT);
        cr_assert_eq(gradus_net_get(context, net, 0, &weights, &bias), GRADUS_OK);
        double sum = 0.0, squares = 0.0;
        const double scale = 1e-4 * (fabs(cases[c].low) + cases[c].width);
        for (size_t i = 0; i < IN * OUT; i++) {
            const double value = expected(cases[c].form, cases[c].low, cases[c].width, 99, 0, i / OUT, i % OUT);
            cr_assert(fabs(w[i] - value) <= scale, "%s: element %zu is %g, not %g", cases[c].text, i, w[i], value);
            sum += w[i];
            squares += (double)w[i] * w[i];
        }
        const double mean = sum / (IN * OUT), deviation = sqrt(fmax(0.0, squares / (IN * OUT) - mean * mean));
        const double wanted = cases[c].form == UNIFORM ? cases[c].width / sqrt(12.0) : cases[c].width;
        cr_assert(fabs(deviation - wanted) <= 0.1 * wanted, "%s: deviation %g, not %g", cases[c].text, deviation, wanted);
        for (size_t j = 0; j < OUT; j++) {
            const double value = cases[c].bias ? expected(UNIFORM, cases[c].low, cases[c].width, 99, 1, 0, j) : 0.0;
            cr_assert(fabs(b[j] - value) <= scale * cases[c].bias, "%s: bias %zu is %g, not %g", cases[c].text, j, b[j], value);
        }
        gradus_net_destroy(context, net);
    }
    gradus_context_destroy(context);
}

/* Exactly as written: rounded once from fp64; the second layer draws by its own position. */
Test(initializer, bits) {
    gradus_context *context = context_with(NULL, 1);
    gradus_net *net = initialised(context, "normal:mean=0.1,stddev=0.3", 3, (const size_t[]){4, 5}, 7);
    float w[4 * 5];
    const gradus_tensor weights = gradus_tensor_matrix(GRADUS_DTYPE_F32, w, 4, 5);
    cr_assert_eq(gradus_net_get(context, net, 1, &weights, NULL), GRADUS_OK);
    const gd_stream stream = {7, 0, 2 * 16};
    for (size_t i = 0; i < 20; i++) cr_assert_eq(w[i], (float)(0.1 + 0.3 * gd_normal(stream, i / 5 * 8 + i % 5)));
    gradus_net_destroy(context, net);
    net = initialised(context, "uniform:low=-0.1,high=0.7", 3, (const size_t[]){4, 5}, 7);
    cr_assert_eq(gradus_net_get(context, net, 1, &weights, NULL), GRADUS_OK);
    for (size_t i = 0; i < 20; i++) cr_assert_eq(w[i], (float)(-0.1 + (0.7 - -0.1) * (double)gd_uniform(gd_random_word(stream, i / 5 * 8 + i % 5))));
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(initializer, the_default) {
    gradus_context *context = context_with(NULL, 1);
    char digests[3][DIGEST];
    const char *const texts[] = {NULL, "glorot-uniform", "keras"};
    for (size_t i = 0; i < 3; i++) {
        gradus_net *net = initialised(context, texts[i], 5, (const size_t[]){20, 3}, 1);
        digest_of(context, net, digests[i]);
        gradus_net_destroy(context, net);
    }
    cr_assert_str_eq(digests[0], digests[1]);
    cr_assert_str_eq(digests[0], digests[2]);
    gradus_context_destroy(context);
}

Test(initializer, names) {
    for (gradus_initializer_kind kind = 1; gradus_initializer_name(kind); kind++)
        cr_assert_eq(gradus_initializer_from_name(gradus_initializer_name(kind)), kind);
    cr_assert_str_eq(gradus_initializer_name(GRADUS_INITIALIZER_HE_NORMAL), "he-normal");
    cr_assert_eq(gradus_initializer_from_name("he"), GRADUS_INITIALIZER_UNSET);
    cr_assert_eq(gradus_initializer_from_name(NULL), GRADUS_INITIALIZER_UNSET);
    cr_assert_null(gradus_initializer_name(0));
    cr_assert_null(gradus_initializer_name(-1));
    cr_assert_null(gradus_initializer_name(1000));
}

Test(initializer, text) {
    static const struct {
        const char *text, *message;
    } bad[] = {{"he", "no initializer is called 'he'; there are: glorot-uniform, glorot-normal, he-uniform, "},
               {"", "no initializer is called ''"},
               {"zeros:mean=1", "initializer zeros has no 'mean'; it takes: no key"},
               {"normal:low=1", "initializer normal has no 'low'; it takes: mean, stddev"},
               {"uniform:lo=1", "initializer uniform has no 'lo'; it takes: low, high"},
               {"uniform:low", "'low' is not key=value"},
               {"uniform:low=x", "'low=x' is not key=value"},
               {"uniform:low=1,high=0", "low is 1 and high 0, expected low <= high"},
               {"uniform:low=0,high=1e7", "both from -1e6 to 1e6"},
               {"normal:stddev=-1", "stddev -1"}};
    gradus_context *context = context_with(NULL, 1);
    gradus_initializer i;
    gradus_initializer_init(&i);
    cr_assert_eq(gradus_initializer_parse(context, "uniform:high=2,low=1", &i), GRADUS_OK);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        cr_assert_eq(gradus_initializer_parse(context, bad[k].text, &i), GRADUS_INVALID_ARGUMENT, "%s", bad[k].text);
        cr_assert(says(context, bad[k].message), "%s: %s", bad[k].text, gradus_context_message(context));
        cr_assert(i.kind == GRADUS_INITIALIZER_UNIFORM && i.low == 1.0 && i.high == 2.0);
    }
    cr_assert_eq(gradus_initializer_parse(context, NULL, &i), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_initializer_parse(context, "zeros", NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_initializer_parse(NULL, "zeros", &i), GRADUS_INVALID_ARGUMENT);
    gradus_context_destroy(context);
}

Test(initializer, a_bad_one_in_a_config) {
    gradus_context *context = context_with(NULL, 1);
    const net_shape shape = shape_of(2, 1, (const size_t[]){1}, 0, GRADUS_ACTIVATION_IDENTITY);
    gradus_layer layers[MOST_LAYERS];
    gradus_net_config config = net_config_of(&shape, layers, 1);
    gradus_initializer bad[4];
    gradus_net *net;
    for (size_t i = 0; i < 4; i++) gradus_initializer_init(&bad[i]);
    bad[0].kind = 99;
    bad[1].kind = GRADUS_INITIALIZER_UNIFORM;
    bad[1].low = NAN;
    bad[2].kind = GRADUS_INITIALIZER_NORMAL;
    bad[2].mean = INFINITY;
    bad[3].struct_size = 0;
    for (size_t i = 0; i < 4; i++) {
        config.initializer = &bad[i];
        cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_INVALID_ARGUMENT, "%zu", i);
        cr_assert_null(net);
    }
    gradus_context_destroy(context);
}
