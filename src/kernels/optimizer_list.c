/* The list of optimizers as data: algorithms with their prepare functions, and what is public about them. */
#include <stdio.h>
#include <string.h>

#include "base/detmath.h"
#include "kernels/optimizer.h"

#include "kernels/rules.h"

/* The states' names of each rule, NULL after the last. */
#define GRADUS_NO_STATE
#define GRADUS_STATE(name, decays) #name,
#define GRADUS_OPTIMIZER(number, name, NAME, variant, family, prepare, kind, passes, decay, states, ...) [GD_RULE_##NAME] = {states NULL},
static const char *const state_names[GD_RULE_COUNT][GD_MAX_STATES + 1] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_STATE
#undef GRADUS_NO_STATE

/* The hyper-parameters come last: they expand to a list with commas. */
#define ALGORITHM(ID, RULE, number_, name_, variant_, prepare_, decay, formula_, source_, ...) \
    [GD_ALGORITHM_##ID] = {.number = (number_), \
                           .rule = GD_RULE_##RULE, \
                           .weight_decay = GRADUS_WEIGHT_DECAY_##decay, \
                           .name = #name_, \
                           .variant = #variant_, \
                           .formula = formula_, \
                           .source = source_, \
                           .defaults = {__VA_ARGS__{-1, 0.0}}, \
                           .prepare = prepare_##_prepare},
#define GRADUS_HYPER(KEY, value) {GRADUS_##KEY, value},
#define GRADUS_OPTIMIZER(number, name, NAME, variant, family, prepare, kind, passes, decay, states, hyper_parameters, formula, source) \
    ALGORITHM(NAME, NAME, number, name, variant, prepare, decay, formula, source, hyper_parameters)
#define GRADUS_VARIANT(number, name, ID, variant, RULE, prepare, decay, hyper_parameters, formula, source) \
    ALGORITHM(ID, RULE, number, name, variant, prepare, decay, formula, source, hyper_parameters)
static const gd_algorithm algorithms[GD_ALGORITHM_COUNT] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_HYPER

#define GRADUS_OPTIMIZER(number, name, NAME, ...) \
    _Static_assert((int)NAME##_COEFFICIENTS <= (int)GD_MAX_COEFFICIENTS, #name ": raise GD_MAX_COEFFICIENTS");
#include <gradus/optimizers.def>

typedef struct key_line {
    const char *key, *name;
    double least, greatest;
} key_line;

#define KEY_LINE(number, NAME, key, name, least, greatest) [number] = {#key, #name, least, greatest},
static const key_line keys[GRADUS_HYPER_PARAMETER_LIMIT] = {GRADUS_HYPER_PARAMETER_MAP(KEY_LINE)};

const gd_algorithm *gd_algorithm_at(size_t index) { return index < GD_ALGORITHM_COUNT ? &algorithms[index] : NULL; }

const gd_algorithm *gd_algorithm_find(gradus_optimizer_algorithm number) {
    for (size_t i = 0; i < GD_ALGORITHM_COUNT; i++)
        if (algorithms[i].number == number) return &algorithms[i];
    return NULL;
}

const gd_algorithm *gd_algorithm_named(const char *name, size_t length) {
    for (size_t i = 0; i < GD_ALGORITHM_COUNT; i++)
        if (strlen(algorithms[i].name) == length && strncmp(algorithms[i].name, name, length) == 0) return &algorithms[i];
    return NULL;
}

uint32_t gd_algorithm_states(const gd_algorithm *algorithm) {
    uint32_t states = 0;
    while (state_names[algorithm->rule][states]) states++;
    return states;
}

bool gd_algorithm_uses(const gd_algorithm *algorithm, gradus_hyper_parameter key) {
    size_t i = 0;
    while (algorithm->defaults[i].key >= 0 && algorithm->defaults[i].key != key) i++;
    return algorithm->defaults[i].key >= 0;
}

static const key_line *key_at(gradus_hyper_parameter key) {
    return key >= 0 && key < GRADUS_HYPER_PARAMETER_LIMIT && keys[key].key ? &keys[key] : NULL;
}

const char *gradus_hyper_parameter_key(gradus_hyper_parameter key) { return key_at(key) ? keys[key].key : NULL; }

const char *gradus_hyper_parameter_name(gradus_hyper_parameter key) { return key_at(key) ? keys[key].name : NULL; }

int gradus_optimizer_list(size_t index, gradus_optimizer_info *info) {
    const gd_algorithm *algorithm = gd_algorithm_at(index);
    const size_t size = info->struct_size;
    gradus_optimizer_info found = {0};
    if (!algorithm || size < sizeof size) return 0;
    found.algorithm = algorithm->number;
    found.weight_decay = algorithm->weight_decay;
    found.name = algorithm->name;
    found.variant = algorithm->variant;
    found.formula = algorithm->formula;
    found.source = algorithm->source;
    found.states = gd_algorithm_states(algorithm);
    for (uint32_t i = 0; i < found.states; i++) found.state_names[i] = state_names[algorithm->rule][i];
    for (uint32_t i = 0; algorithm->defaults[i].key >= 0; i++) {
        found.keys[i] = algorithm->defaults[i].key;
        found.defaults[i] = algorithm->defaults[i].value;
        found.hyper_parameters++;
    }
    gd_write_struct(info, size, &found, sizeof found);
    return 1;
}

void gradus_optimizer_config_init_sized(gradus_optimizer_config *config, size_t struct_size, gradus_optimizer_algorithm algorithm) {
    gradus_optimizer_config defaults = {.groups = 1};
    const gd_algorithm *known = gd_algorithm_find(algorithm);
    if (known) {
        defaults.algorithm = algorithm;
        for (size_t i = 0; known->defaults[i].key >= 0; i++) defaults.hyper_parameters[known->defaults[i].key] = known->defaults[i].value;
    }
    gd_write_struct(config, struct_size, &defaults, sizeof defaults);
}

/* "adam" where that is what the name alone means, else "adam:variant=keras". */
static const char *full_name(const gd_algorithm *algorithm, char *text, size_t size) {
    if (gd_algorithm_named(algorithm->name, strlen(algorithm->name)) == algorithm) return algorithm->name;
    snprintf(text, size, "%s:variant=%s", algorithm->name, algorithm->variant);
    return text;
}

gradus_status gd_hyper_parameter_check(gradus_context *context, const gd_algorithm *algorithm, gradus_hyper_parameter key, double value,
                                       const char *what) {
    const key_line *line = key_at(key);
    char text[96];
    if (!line || !gd_algorithm_uses(algorithm, key))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s has no hyper-parameter %s", what, full_name(algorithm, text, sizeof text),
                       line ? line->name : "of that number");
    if (!(value >= line->least && value <= line->greatest))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s's %s must be from %.10g to %.10g, not %.10g", what,
                       full_name(algorithm, text, sizeof text), line->name, line->least, line->greatest, value);
    return GRADUS_OK;
}
