/* The optimizers' cases, from optimizers.def: a new line there is a new case here. Arrays: weights, gradients, states. */
#include "checkkern/cases.h"

#include "base/detmath.h"
#include "kernels/rules.h"
#include "reference/reference.h"

typedef struct hyper_default {
    int key;
    double value;
} hyper_default;

/* Each rule's hyper-parameters with their defaults, ended by key -1. */
#define GRADUS_HYPER(KEY, default_value) {GRADUS_##KEY, default_value},
#define GRADUS_OPTIMIZER(number, name, NAME, kind, passes, states, hyper_parameters, formula, source) \
    static const hyper_default hyper_##name[] = {hyper_parameters{-1, 0.0}};
#include <gradus/optimizers.def>
#undef GRADUS_OPTIMIZER
#undef GRADUS_HYPER

#define GRADUS_OPTIMIZER(number, name, NAME, ...) [GD_RULE_##NAME] = hyper_##name,
static const hyper_default *const hyper_defaults[GD_RULE_COUNT] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER

#define GRADUS_OPTIMIZER(number, name, NAME, ...) [GD_RULE_##NAME] = name##_prepare,
static void (*const prepare[GD_RULE_COUNT])(float *, const double *, uint64_t) = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER

static const double hyper_range[][2] = {
#define RANGE(number, NAME, key, name, least, greatest) [GRADUS_##NAME] = {least, greatest},
    GRADUS_HYPER_PARAMETER_MAP(RANGE)};

/* The default, a bound, or something between. */
static double draw_hyper(gd_random *random, const hyper_default *hyper) {
    const double least = hyper_range[hyper->key][0], greatest = hyper_range[hyper->key][1];
    const uint64_t choice = gd_random_below(random, 8);
    if (choice < 3) return hyper->value;
    if (choice == 3) return least;
    if (choice == 4) return greatest;
    const double scaled = hyper->value * 4.0 * gd_random_unit(random);
    return scaled > least && scaled < greatest && choice < 7 ? scaled : least + (greatest - least) * gd_random_unit(random);
}

static uint64_t draw_t(gd_random *random) {
    const uint64_t choice = gd_random_below(random, 6);
    if (choice < 3) return 1 + choice;
    return choice < 5 ? 1 + gd_random_below(random, 3000) : gd_random_shifted(random, 59) | 1;
}

static void draw_step(gd_problem *p, gd_random *random) {
    gd_one_length(p, 2 + p->about->states);
    for (const hyper_default *hyper = hyper_defaults[p->about->index]; hyper->key >= 0; hyper++) p->hyper[hyper->key] = draw_hyper(random, hyper);
    p->t = draw_t(random);
    const uint64_t choice = gd_random_below(random, 4);
    p->scale = choice < 2 ? 1.0f : gd_values_draw(random, choice < 3 ? GD_VALUES_NORMAL : p->values);
}

static void kernel_step(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    float coefficients[GD_MAX_COEFFICIENTS];
    gd_span span = {arrays[0], arrays[1], {0}, p->n, p->scale, coefficients};
    for (int j = 0; j < p->about->states; j++) span.states[j] = arrays[2 + j];
    prepare[p->about->index](coefficients, p->hyper, p->t);
    kernels->step[p->about->index](&span);
}

static void reference_step(const gd_problem *p, float *const *arrays) {
    gd_reference_span span = {arrays[0], arrays[1], {0}, p->n, p->scale, p->hyper, p->t};
    for (int j = 0; j < p->about->states; j++) span.states[j] = arrays[2 + j];
    gd_reference_step[p->about->index](&span);
}

#define GRADUS_STATE(name, decays) +1
#define GRADUS_NO_STATE
#define GRADUS_OPTIMIZER(number, rule, RULE, kind, passes, rule_states, ...) \
    {.name = "step/" #rule, \
     .index = GD_RULE_##RULE, \
     .states = 0 rule_states, \
     .greatest = SIZE_MAX, \
     .draw = draw_step, \
     .kernel = kernel_step, \
     .reference = reference_step, \
     .split = gd_split_elements, \
     .elementwise = 1},

const gd_case gd_step_cases[] = {
#include <gradus/optimizers.def>
};
const size_t gd_step_case_count = sizeof gd_step_cases / sizeof gd_step_cases[0];
