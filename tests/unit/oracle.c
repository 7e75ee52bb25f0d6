/* Is the contract right? The reference (whose bits every kernel has) against textbook formulas in double precision, within bounds that rounding
 * explains.
 * links: oracle
 * runs: slow */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <gradus/gradus.h>

#include "base/philox.h"
#include "kernels/optimizer.h"
#include "oracle/oracle.h"
#include "reference/reference.h"

/* Half a unit in the last place of numbers in [1, 2): the relative error of one rounding. */
static const double unit = 0x1p-24;

/* Element i of the test's own sequence, in [-1, 1). */
static float random_float(uint64_t seed, uint64_t i) {
    return 2.0f * gd_uniform(gd_random_word(gd_stream_make(seed, 0, 0, GD_PURPOSE_NOISE), i)) - 1.0f;
}

static void *checked(void *memory) {
    cr_assert_not_null(memory);
    return memory;
}

static float *random_array(uint64_t seed, size_t n) {
    float *x = checked(malloc((n + 1) * sizeof *x));
    for (size_t i = 0; i < n; i++) x[i] = random_float(seed, i);
    return x;
}

static double *widened(const float *x, size_t n) {
    double *y = checked(malloc((n + 1) * sizeof *y));
    for (size_t i = 0; i < n; i++) y[i] = (double)x[i];
    return y;
}

/* --- optimizers --- */

enum { ELEMENTS = 400, STEPS = 1000 };

/* How many steps an algorithm looks back: the longest of its averages; a sum that never forgets looks back to the first step. */
static double horizon(const gd_algorithm *algorithm, const double *hyper) {
    const double slowest = fmax(fmax(hyper[GRADUS_MOMENTUM], hyper[GRADUS_ALPHA]), fmax(hyper[GRADUS_BETA1], hyper[GRADUS_BETA2]));
    return algorithm->rule == GD_RULE_ADAGRAD ? STEPS : 1 / (1 - slowest);
}

/* The largest error of a weight during so many steps, as a part of what rounding can do to it. In each step w is rounded once or, with decay, twice, an
 * error of unit*|w| each at most. What is subtracted from it carries a few units of itself (scale, rate, quotient) and, as an average's coefficient
 * is a rounded number too, up to a unit more for each step that the average looks back. Gradients keep part of their direction and differ in size by
 * 10^6 between elements; the difference of a centered second moment is at least an eighth of the moment then, and its relative error that much
 * larger. */
static double worst_error(size_t index, const double *hyper, const double *oracle_hyper, float scale, uint64_t steps) {
    const gd_algorithm *algorithm = gd_algorithm_at(index);
    static float w[ELEMENTS], g[ELEMENTS], states[GD_MAX_STATES][ELEMENTS];
    static double oracle_w[ELEMENTS], oracle_g[ELEMENTS], oracle_states[GD_MAX_STATES][ELEMENTS], before[ELEMENTS], allowed[ELEMENTS];
    gd_reference_span span = {.weights = w, .gradients = g, .count = ELEMENTS, .gradient_scale = scale, .hyper = hyper};
    const bool centered = algorithm->rule == GD_RULE_RMSPROP_CENTERED || algorithm->rule == GD_RULE_RMSPROP_CENTERED_MOMENTUM;
    const double steps_units = (4 + horizon(algorithm, hyper)) * (centered ? 8 : 1), roundings = hyper[GRADUS_WEIGHT_DECAY] != 0 ? 2 : 1;
    double *oracle_state[GD_MAX_STATES];
    double worst = 0;
    memset(states, 0, sizeof states);
    memset(oracle_states, 0, sizeof oracle_states);
    memset(allowed, 0, sizeof allowed);
    for (int j = 0; j < GD_MAX_STATES; j++) {
        span.states[j] = states[j];
        oracle_state[j] = oracle_states[j];
    }
    for (size_t i = 0; i < ELEMENTS; i++) {
        w[i] = random_float(1, i);
        oracle_w[i] = (double)w[i];
    }
    for (uint64_t t = 1; t <= steps; t++) {
        for (size_t i = 0; i < ELEMENTS; i++) {
            g[i] = (float)pow(10, (double)(i % 7) - 4) * (random_float(2, i) + 2.0f * random_float(2 + t, i));
            oracle_g[i] = (double)g[i] * (double)scale;
        }
        memcpy(before, oracle_w, sizeof before);
        span.t = t;
        gd_reference_step[index](&span);
        gd_oracle_step[index](oracle_w, oracle_g, oracle_state, ELEMENTS, oracle_hyper, t);
        for (size_t i = 0; i < ELEMENTS; i++) {
            allowed[i] += unit * (roundings * fabs(oracle_w[i]) + steps_units * fabs(oracle_w[i] - before[i]));
            worst = fmax(worst, fabs((double)w[i] - oracle_w[i]) / allowed[i]);
        }
    }
    return worst;
}

static void check_algorithm(size_t index, const char *what, const double *hyper, float scale) {
    const gd_algorithm *algorithm = gd_algorithm_at(index);
    const double worst = worst_error(index, hyper, hyper, scale, STEPS);
    cr_log_info("%s, %s, %s: %.3f of what is allowed", algorithm->name, algorithm->variant, what, worst);
    cr_expect_leq(worst, 1.0, "%s, %s, %s: %g times the error that rounding explains", algorithm->name, algorithm->variant, what, worst);
}

Test(oracle, optimizers) {
    for (size_t index = 0; index < GD_ALGORITHM_COUNT; index++) {
        const gd_algorithm *algorithm = gd_algorithm_at(index);
        gradus_optimizer_config config;
        gradus_optimizer_config_init(&config, algorithm->number);
        double *hyper = config.hyper_parameters;
        check_algorithm(index, "defaults", hyper, 1.0f);
        check_algorithm(index, "gradient scale 2^-3", hyper, 0.125f);
        for (int key = 0; key < GRADUS_HYPER_PARAMETER_LIMIT; key++) hyper[key] *= 0.75;
        if (gd_algorithm_uses(algorithm, GRADUS_DAMPENING)) hyper[GRADUS_DAMPENING] = 0.3;
        if (gd_algorithm_uses(algorithm, GRADUS_WEIGHT_DECAY)) hyper[GRADUS_WEIGHT_DECAY] = 0.02;
        if (gd_algorithm_uses(algorithm, GRADUS_LEARNING_RATE_DECAY)) hyper[GRADUS_LEARNING_RATE_DECAY] = 0.01;
        if (gd_algorithm_uses(algorithm, GRADUS_INITIAL_ACCUMULATOR)) hyper[GRADUS_INITIAL_ACCUMULATOR] = 0.5;
        if (gd_algorithm_uses(algorithm, GRADUS_EPSILON_ROOT)) hyper[GRADUS_EPSILON_ROOT] = 1e-4;
        check_algorithm(index, "other hyper-parameters", hyper, 1.0f);
    }
}

/* The bound means something: a hyper-parameter that is one part in 100 off leaves it far behind. (An epsilon matters where it is large.) */
Test(oracle, optimizers_notice_a_wrong_hyper_parameter) {
    static const gradus_hyper_parameter keys[] = {GRADUS_LEARNING_RATE,
                                                  GRADUS_MOMENTUM,
                                                  GRADUS_DAMPENING,
                                                  GRADUS_BETA1,
                                                  GRADUS_BETA2,
                                                  GRADUS_ALPHA,
                                                  GRADUS_EPSILON,
                                                  GRADUS_WEIGHT_DECAY,
                                                  GRADUS_LEARNING_RATE_FACTOR,
                                                  GRADUS_EPSILON_ROOT,
                                                  GRADUS_LEARNING_RATE_DECAY};
    for (size_t index = 0; index < GD_ALGORITHM_COUNT; index++) {
        const gd_algorithm *algorithm = gd_algorithm_at(index);
        gradus_optimizer_config config;
        gradus_optimizer_config_init(&config, algorithm->number);
        double *hyper = config.hyper_parameters;
        if (gd_algorithm_uses(algorithm, GRADUS_DAMPENING)) hyper[GRADUS_DAMPENING] = 0.3;
        if (gd_algorithm_uses(algorithm, GRADUS_EPSILON)) hyper[GRADUS_EPSILON] = 0.1;
        if (gd_algorithm_uses(algorithm, GRADUS_EPSILON_ROOT)) hyper[GRADUS_EPSILON_ROOT] = 0.1;
        if (gd_algorithm_uses(algorithm, GRADUS_WEIGHT_DECAY)) hyper[GRADUS_WEIGHT_DECAY] = 1.0;
        if (gd_algorithm_uses(algorithm, GRADUS_LEARNING_RATE_DECAY)) hyper[GRADUS_LEARNING_RATE_DECAY] = 0.1;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            double wrong[GRADUS_HYPER_PARAMETER_LIMIT];
            if (!gd_algorithm_uses(algorithm, keys[k])) continue;
            memcpy(wrong, hyper, sizeof wrong);
            wrong[keys[k]] *= 0.99;
            const double worst = worst_error(index, hyper, wrong, 1.0f, 200);
            cr_expect_gt(worst, 10.0, "%s, %s does not notice a wrong %s: %g", algorithm->name, algorithm->variant,
                         gradus_hyper_parameter_name(keys[k]), worst);
        }
    }
}

/* --- activations --- */

#define UNARY_NAME(NAME, name) [GD_UNARY_##NAME] = #name,
static const char *const unary_names[GD_UNARY_COUNT] = {GD_UNARY_MAP(UNARY_NAME)};

/* Correct rounding is half an ulp, beside which the oracle's own error (libm, fp64) is invisible; a rounded constant and a product add up to one each. */
static double allowed_ulps(int f) { return f == GD_UNARY_LEAKY_RELU ? 2.0 : f == GD_UNARY_SELU ? 3.0 : 0.5001; }

static void check_rounded(int f, float x, float got, double wanted) {
    const float size = fmaxf(fabsf((float)wanted), FLT_MIN);
    const double ulp = (double)(nextafterf(size, INFINITY) - size);
    cr_expect_leq(fabs((double)got - wanted), allowed_ulps(f) * ulp, "%s(%a) = %a, the oracle has %a", unary_names[f], (double)x, (double)got,
                  wanted);
}

#define DERIVATIVE_NAME(NAME, name, from_input) [GD_DERIVATIVE_##NAME] = #name,
static const char *const derivative_names[GD_DERIVATIVE_COUNT] = {GD_DERIVATIVE_MAP(DERIVATIVE_NAME)};
#define DERIVATIVE_FROM_INPUT(NAME, name, from_input) [GD_DERIVATIVE_##NAME] = from_input,
static const int derivative_from_input[GD_DERIVATIVE_COUNT] = {GD_DERIVATIVE_MAP(DERIVATIVE_FROM_INPUT)};
#define DERIVATIVE_FUNCTION(NAME, name, from_input) [GD_DERIVATIVE_##NAME] = GD_UNARY_##NAME,
static const int derivative_functions[GD_DERIVATIVE_COUNT] = {GD_DERIVATIVE_MAP(DERIVATIVE_FUNCTION)};

Test(oracle, activations) {
    for (int f = 0; f < GD_UNARY_COUNT; f++)
        for (uint64_t i = 0; i < 20000; i++) {
            float x = random_float(10, i) * (float)pow(10, (double)(i % 6) - 4);
            if (f == GD_UNARY_LOG || f == GD_UNARY_RSQRT) x = fabsf(x);
            if (f == GD_UNARY_LOG1P) x = fmaxf(x, -0.999f);
            check_rounded(f, x, gd_reference_unary[f](x), gd_oracle_unary[f]((double)x));
        }
}

/* By the rounded output y: its error of unit*|y| goes into f' with a factor of at most 2, rounding f' and the product adds two more units. By the
 * input: a few roundings of numbers up to 1. */
Test(oracle, derivatives) {
    for (int f = 0; f < GD_DERIVATIVE_COUNT; f++)
        for (uint64_t i = 0; i < 20000; i++) {
            const float x = 6.0f * random_float(11, i), d = random_float(12, i);
            const float from = derivative_from_input[f] ? x : gd_reference_unary[derivative_functions[f]](x);
            const float got = gd_reference_derivative[f](from, d);
            const double slope = gd_oracle_derivative[f]((double)x);
            cr_expect_leq(fabs((double)got - slope * (double)d), (2 + 2 * fabs(slope)) * unit * fabs((double)d), "%s'(%a)*%a = %a, the oracle has %a",
                          derivative_names[f], (double)x, (double)d, (double)got, slope * (double)d);
        }
}

/* --- products, dense layers, sums --- */

/* A chain of 256 roundings and one more for each further block, each at most a unit of what has been summed. */
static double product_bound(size_t k, double size) { return (double)(256 + k / 256) * unit * size; }

Test(oracle, products) {
    enum { M = 5, N = 7 };
    static const size_t ks[] = {0, 1, 2, 255, 256, 257, 700, 3000};
    for (size_t s = 0; s < sizeof ks / sizeof ks[0]; s++) {
        const size_t k = ks[s];
        float *a = random_array(20, M * k), *b = random_array(21, N * k), c[M * N];
        double wanted[M * N], size[M * N];
        for (gradus_product product = GRADUS_PRODUCT_NN; product <= GRADUS_PRODUCT_TN; product++) {
            const int a_transposed = product == GRADUS_PRODUCT_TN, b_transposed = product == GRADUS_PRODUCT_NT;
            gd_oracle_product(M, N, k, a, a_transposed ? 1 : k, a_transposed ? M : 1, b, b_transposed ? 1 : N, b_transposed ? k : 1, wanted, size);
            for (size_t i = 0; i < M * N; i++) c[i] = 0.5f;
            gd_reference_product(product, M, N, k, 2.0f, a, b, -3.0f, c);
            for (size_t i = 0; i < M * N; i++)
                cr_expect_leq(fabs((double)c[i] - (2 * wanted[i] - 1.5)), 2 * product_bound(k, size[i]) + 4 * unit * (fabs(wanted[i]) + 1.5),
                              "product %d, k %zu, element %zu: %a, the oracle has %a", product, k, i, (double)c[i], 2 * wanted[i] - 1.5);
        }
        free(a);
        free(b);
    }
}

/* Whole numbers so small that nothing is rounded: every sample must have been counted once, whatever the number of leaves. */
Test(oracle, dense_layer_on_whole_numbers) {
    enum { INPUTS = 5, OUTPUTS = 3, MOST = 900 };
    static const size_t counts[] = {1, 63, 64, 65, 448, 450, 704, 832, MOST};
    static float x[MOST * INPUTS], d[MOST * OUTPUTS], dx[MOST * INPUTS], z[MOST * OUTPUTS], y[MOST * OUTPUTS];
    static double wanted[MOST * INPUTS];
    float w[INPUTS * OUTPUTS], bias[OUTPUTS], dw[INPUTS * OUTPUTS], db[OUTPUTS];
    for (size_t i = 0; i < MOST * INPUTS; i++) x[i] = truncf(8.0f * random_float(30, i));
    for (size_t i = 0; i < MOST * OUTPUTS; i++) d[i] = truncf(8.0f * random_float(31, i));
    for (size_t i = 0; i < INPUTS * OUTPUTS; i++) w[i] = truncf(8.0f * random_float(32, i));
    for (size_t j = 0; j < OUTPUTS; j++) bias[j] = (float)j;
    for (size_t s = 0; s < sizeof counts / sizeof counts[0]; s++) {
        const size_t n = counts[s];
        gd_oracle_product(INPUTS, OUTPUTS, n, x, 1, INPUTS, d, OUTPUTS, 1, wanted, NULL);
        gd_reference_backward_weights(x, d, n, INPUTS, OUTPUTS, dw, db);
        for (size_t i = 0; i < INPUTS * OUTPUTS; i++) cr_expect_eq((double)dw[i], wanted[i], "dW of %zu samples, element %zu", n, i);
        for (size_t j = 0; j < OUTPUTS; j++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) sum += (double)d[i * OUTPUTS + j];
            cr_expect_eq((double)db[j], sum, "db of %zu samples, element %zu", n, j);
        }
        gd_oracle_product(n, INPUTS, OUTPUTS, d, OUTPUTS, 1, w, 1, OUTPUTS, wanted, NULL);
        gd_reference_backward_inputs(d, w, n, INPUTS, OUTPUTS, dx);
        for (size_t i = 0; i < n * INPUTS; i++) cr_expect_eq((double)dx[i], wanted[i], "dX of %zu samples, element %zu", n, i);
        gd_oracle_product(n, OUTPUTS, INPUTS, x, INPUTS, 1, w, OUTPUTS, 1, wanted, NULL);
        gd_reference_forward(x, w, bias, n, INPUTS, OUTPUTS, GRADUS_ACTIVATION_RELU, z, y);
        for (size_t i = 0; i < n * OUTPUTS; i++)
            cr_expect_eq((double)y[i], fmax(wanted[i] + (double)bias[i % OUTPUTS], 0), "forward of %zu samples, element %zu", n, i);
    }
}

/* sum and dot: at most 64 lane steps, 6 folds and the tree's levels, each rounding once. */
Test(oracle, sums) {
    static const size_t counts[] = {0, 1, 63, 64, 4096, 4097, 28571, 43003, 100003};
    for (size_t s = 0; s < sizeof counts / sizeof counts[0]; s++) {
        const size_t n = counts[s];
        float *x = random_array(40, n), *y = random_array(41, n);
        double *wide = widened(x, n), sum = 0, dot = 0, sum_size = 0, dot_size = 0;
        for (size_t i = 0; i < n; i++) {
            sum += wide[i];
            sum_size += fabs(wide[i]);
            dot += wide[i] * (double)y[i];
            dot_size += fabs(wide[i] * (double)y[i]);
        }
        cr_expect_leq(fabs((double)gd_reference_sum(x, n) - sum), 80 * unit * sum_size, "sum of %zu", n);
        cr_expect_leq(fabs((double)gd_reference_dot(x, y, n) - dot), 80 * unit * dot_size, "dot of %zu", n);
        cr_expect_leq(fabs(gd_reference_sample_sum(wide, n) - sum), 80 * DBL_EPSILON * sum_size, "samples %zu", n);
        free(x);
        free(y);
        free(wide);
    }
}

/* The contract's tree, spelled out for the counts where finishing from the other side would differ. */
Test(oracle, tree_shape) {
    float x[13], items[13];
    for (size_t i = 0; i < 13; i++) x[i] = random_float(50, i) * (float)(1 + i);
    const float four = (x[0] + x[1]) + (x[2] + x[3]), eight = four + ((x[4] + x[5]) + (x[6] + x[7]));
    const float seven = four + ((x[4] + x[5]) + x[6]);
    const float eleven = eight + ((x[8] + x[9]) + x[10]);
    const float thirteen = eight + (((x[8] + x[9]) + (x[10] + x[11])) + x[12]);
    cr_expect_eq(gd_reference_tree(memcpy(items, x, sizeof x), 7), seven);
    cr_expect_eq(gd_reference_tree(memcpy(items, x, sizeof x), 11), eleven);
    cr_expect_eq(gd_reference_tree(memcpy(items, x, sizeof x), 13), thirteen);
}
