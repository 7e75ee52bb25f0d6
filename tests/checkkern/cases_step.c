/* The optimizers' cases, from optimizers.def: a new line there is a new case here. Each goes through the update, so with its stages: weight decay,
 * clipping, gradients zeroed after use. Arrays: weights, gradients, states. */
#include "checkkern/cases.h"

#include <math.h>

#include "kernels/optimizer.h"
#include "reference/reference.h"

static const double hyper_range[][2] = {
#define RANGE(number, NAME, key, name, least, greatest) [GRADUS_##NAME] = {least, greatest},
    GRADUS_HYPER_PARAMETER_MAP(RANGE)};

/* The default, a bound, or something between. */
static double draw_hyper(gd_random *random, gradus_hyper_parameter key, double value) {
    const double least = hyper_range[key][0], greatest = hyper_range[key][1], between = least + (greatest - least) * gd_random_unit(random);
    const uint64_t choice = gd_random_below(random, 8);
    if (choice < 3) return value;
    if (choice == 3) return least;
    if (choice == 4) return greatest;
    const double near = value > 0.0 ? value * 4.0 * gd_random_unit(random) : 0.1 * gd_random_unit(random);
    return near > least && near < greatest && choice < 7 ? near : between;
}

static uint64_t draw_t(gd_random *random) {
    const uint64_t choice = gd_random_below(random, 6);
    if (choice < 3) return 1 + choice;
    return choice < 5 ? 1 + gd_random_below(random, 3000) : gd_random_shifted(random, 59) | 1;
}

static float draw_scale(gd_problem *p, gd_random *random) {
    const uint64_t choice = gd_random_below(random, 4);
    return choice < 2 ? 1.0f : gd_values_draw(random, choice < 3 ? GD_VALUES_NORMAL : p->values);
}

/* Mostly none. */
static float draw_clip(gd_random *random) { return gd_random_below(random, 3) ? 0.0f : fabsf(gd_values_draw(random, GD_VALUES_NORMAL)); }

static void draw_step(gd_problem *p, gd_random *random) {
    const gd_algorithm *algorithm = gd_algorithm_at((size_t)p->about->index);
    gd_one_length(p, 2 + p->about->states);
    for (size_t i = 0; algorithm->defaults[i].key >= 0; i++)
        p->hyper[algorithm->defaults[i].key] = draw_hyper(random, algorithm->defaults[i].key, algorithm->defaults[i].value);
    p->t = draw_t(random);
    p->scale = draw_scale(p, random);
    p->clip = draw_clip(random);
    p->zero_gradients = gd_random_below(random, 3) == 0;
    p->far = gd_random_below(random, 2) ? (size_t)gd_random_below(random, p->n + 1) : 0;
}

static void kernel_step(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    gd_formula formula;
    gd_formula_prepare(&formula, kernels, gd_algorithm_at((size_t)p->about->index), p->hyper, p->t);
    gd_update update;
    gd_update_set(&update, &formula, (gd_stages){.scale = p->scale, .clip = p->clip, .zero = p->zero_gradients});
    gd_span span = {.weights = arrays[0], .gradients = arrays[1], .count = p->n, .far = p->far < p->n ? p->far : p->n, .ahead = GD_AHEAD_NEAR};
    for (int j = 0; j < p->about->states; j++) span.states[j] = arrays[2 + j];
    gd_update_span(&update, &span); /* a prefetch past the arrays is a hint that comes to nothing */
}

static void reference_step(const gd_problem *p, float *const *arrays) {
    gd_reference_span span = {
        .weights = arrays[0], .gradients = arrays[1], .count = p->n, .gradient_scale = p->scale, .clip = p->clip, .hyper = p->hyper, .t = p->t};
    for (int j = 0; j < p->about->states; j++) span.states[j] = arrays[2 + j];
    gd_reference_step[p->about->index](&span);
    for (size_t i = 0; p->zero_gradients && i < p->n; i++) arrays[1][i] = 0.0f;
}

/* --- the stage before a rule: arrays gradients, weights, out --- */

static void draw_stage(gd_problem *p, gd_random *random) {
    gd_one_length(p, 3);
    p->scale = draw_scale(p, random);
    p->clip = draw_clip(random);
    p->decay = gd_random_below(random, 3) ? gd_values_draw(random, GD_VALUES_NORMAL) : 0.0f;
}

static void kernel_stage(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    const gd_gradient_stage stage = {arrays[0], arrays[1], arrays[2], p->n, p->scale, p->clip, p->decay};
    kernels->gradient_stage(&stage);
}

static void reference_stage(const gd_problem *p, float *const *arrays) {
    for (size_t i = 0; i < p->n; i++) {
        float x = arrays[0][i] * p->scale;
        if (p->clip > 0.0f) x = x > p->clip ? p->clip : (x < -p->clip ? -p->clip : x);
        arrays[2][i] = p->decay == 0.0f ? x : fmaf(p->decay, arrays[1][i], x);
    }
}

#define GRADUS_STATE(name, decays) +1
#define GRADUS_NO_STATE
#define GRADUS_OPTIMIZER(number, rule, RULE, variant, family, prepare, kind, passes, decay, rule_states, ...) enum { STATES_##RULE = 0 rule_states };
#include <gradus/optimizers.def>

#define STEP_CASE(ID, rule_states, case_name) \
    {.name = case_name, \
     .index = GD_ALGORITHM_##ID, \
     .states = rule_states, \
     .greatest = SIZE_MAX, \
     .draw = draw_step, \
     .kernel = kernel_step, \
     .reference = reference_step, \
     .split = gd_split_elements, \
     .elementwise = 1},
#define GRADUS_OPTIMIZER(number, name, NAME, variant, ...) STEP_CASE(NAME, STATES_##NAME, "step/" #name "/" #variant)
#define GRADUS_VARIANT(number, name, ID, variant, RULE, ...) STEP_CASE(ID, STATES_##RULE, "step/" #name "/" #variant)

const gd_case gd_step_cases[] = {
#include <gradus/optimizers.def>
    {.name = "gradient_stage",
     .greatest = SIZE_MAX,
     .draw = draw_stage,
     .kernel = kernel_stage,
     .reference = reference_stage,
     .split = gd_split_elements,
     .elementwise = 1},
};
const size_t gd_step_case_count = sizeof gd_step_cases / sizeof gd_step_cases[0];
