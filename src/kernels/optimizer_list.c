/* The list of optimizers as data: rules with their prepare functions, descriptions, and the text form NAME[:key=value,...]. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/detmath.h"
#include "base/number.h"
#include "kernels/optimizer.h"

#include "kernels/rules.h"

#define GRADUS_NO_STATE
#define GRADUS_STATE(name, decays) #name,
#define GRADUS_HYPER(KEY, value) {GRADUS_##KEY, value},
#define GRADUS_OPTIMIZER(number, name_, NAME, kind, passes, states, hyper_parameters, formula_, source_) \
    [GD_RULE_##NAME] = {(number), #name_, formula_, source_, {states NULL}, {hyper_parameters{-1, 0.0}}, name_##_prepare},
static const gd_rule rules[GD_RULE_COUNT] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER
#undef GRADUS_STATE
#undef GRADUS_HYPER

#define GRADUS_OPTIMIZER(number, name, NAME, ...) \
    _Static_assert((int)NAME##_COEFFICIENTS <= (int)GD_MAX_COEFFICIENTS, #name ": raise GD_MAX_COEFFICIENTS");
#include <gradus/optimizers.def>
#undef GRADUS_OPTIMIZER

typedef struct key_line {
    const char *key, *name;
    double least, greatest;
} key_line;

#define KEY_LINE(number, NAME, key, name, least, greatest) [number] = {#key, #name, least, greatest},
static const key_line keys[GRADUS_HYPER_PARAMETER_LIMIT] = {GRADUS_HYPER_PARAMETER_MAP(KEY_LINE)};

const gd_rule *gd_rule_at(size_t index) { return index < GD_RULE_COUNT ? &rules[index] : NULL; }

size_t gd_rule_find(gradus_optimizer_algorithm algorithm) {
    size_t index = 0;
    while (index < GD_RULE_COUNT && rules[index].algorithm != algorithm) index++;
    return index;
}

uint32_t gd_rule_states(const gd_rule *rule) {
    uint32_t states = 0;
    while (rule->state_names[states]) states++;
    return states;
}

static const key_line *key_at(gradus_hyper_parameter key) {
    return key >= 0 && key < GRADUS_HYPER_PARAMETER_LIMIT && keys[key].key ? &keys[key] : NULL;
}

const char *gradus_hyper_parameter_key(gradus_hyper_parameter key) { return key_at(key) ? keys[key].key : NULL; }

const char *gradus_hyper_parameter_name(gradus_hyper_parameter key) { return key_at(key) ? keys[key].name : NULL; }

int gradus_optimizer_list(size_t index, gradus_optimizer_info *info) {
    const gd_rule *rule = gd_rule_at(index);
    const size_t size = info->struct_size;
    gradus_optimizer_info found = {0};
    if (!rule || size < sizeof size) return 0;
    found.algorithm = rule->algorithm;
    found.name = rule->name;
    found.formula = rule->formula;
    found.source = rule->source;
    found.states = gd_rule_states(rule);
    for (uint32_t i = 0; i < found.states; i++) found.state_names[i] = rule->state_names[i];
    for (uint32_t i = 0; rule->defaults[i].key >= 0; i++) {
        found.keys[i] = rule->defaults[i].key;
        found.defaults[i] = rule->defaults[i].value;
        found.hyper_parameters++;
    }
    gd_write_struct(info, size, &found, sizeof found);
    return 1;
}

void gradus_optimizer_config_init_sized(gradus_optimizer_config *config, size_t struct_size, gradus_optimizer_algorithm algorithm) {
    gradus_optimizer_config defaults = {.groups = 1};
    const gd_rule *rule = gd_rule_at(gd_rule_find(algorithm));
    if (rule) {
        defaults.algorithm = algorithm;
        for (size_t i = 0; rule->defaults[i].key >= 0; i++) defaults.hyper_parameters[rule->defaults[i].key] = rule->defaults[i].value;
    }
    gd_write_struct(config, struct_size, &defaults, sizeof defaults);
}

static bool rule_uses(const gd_rule *rule, gradus_hyper_parameter key) {
    size_t i = 0;
    while (rule->defaults[i].key >= 0 && rule->defaults[i].key != key) i++;
    return rule->defaults[i].key >= 0;
}

gradus_status gd_hyper_parameter_check(gradus_context *context, const gd_rule *rule, gradus_hyper_parameter key, double value, const char *what) {
    const key_line *line = key_at(key);
    if (!line || !rule_uses(rule, key))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s has no hyper-parameter %s", what, rule->name, line ? line->name : "of that number");
    if (!(value >= line->least && value <= line->greatest))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s's %s must be from %.10g to %.10g, not %.10g", what, rule->name, line->name,
                       line->least, line->greatest, value);
    return GRADUS_OK;
}

/* "lr, momentum, dampening" or, without a rule, "sgd, momentum, adam". */
static const char *choices(const gd_rule *rule, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; (rule ? rule->defaults[i].key >= 0 : i < GD_RULE_COUNT) && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", rule ? keys[rule->defaults[i].key].key : rules[i].name);
    return text;
}

static bool same(const char *name, const char *text, size_t n) { return strlen(name) == n && strncmp(name, text, n) == 0; }

/* One key=value of n characters. */
static gradus_status parse_pair(gradus_context *context, const gd_rule *rule, const char *text, size_t n, gradus_optimizer_config *config) {
    char allowed[512];
    const char *equals = memchr(text, '=', n);
    const size_t length = equals ? (size_t)(equals - text) : n;
    size_t i = 0;
    double value;
    while (rule->defaults[i].key >= 0 && !same(keys[rule->defaults[i].key].key, text, length) &&
           !same(keys[rule->defaults[i].key].name, text, length))
        i++;
    const gradus_hyper_parameter key = rule->defaults[i].key;
    if (key < 0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer %s has no '%.*s'; it takes: %s", rule->name, (int)length, text,
                       choices(rule, allowed, sizeof allowed));
    if (!equals || !gd_parse_double(equals + 1, n - length - 1, &value))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer %s: '%.*s' is not key=value with a decimal number (for example %s=%g)",
                       rule->name, (int)n, text, keys[key].key, rule->defaults[i].value);
    config->hyper_parameters[key] = value;
    return gd_hyper_parameter_check(context, rule, key, value, "optimizer");
}

gradus_status gradus_optimizer_config_parse(gradus_context *context, const char *text, gradus_optimizer_config *config) {
    char allowed[512];
    const char *rest = text + strcspn(text, ":");
    size_t index = 0;
    gradus_optimizer_config fresh, known;
    gradus_optimizer_config_init(&known, GRADUS_OPTIMIZER_UNSET);
    gradus_status status = gd_read_struct(context, "gradus_optimizer_config", config, &known, sizeof known);
    if (status != GRADUS_OK) return status;
    while (index < GD_RULE_COUNT && !same(rules[index].name, text, (size_t)(rest - text))) index++;
    if (index == GD_RULE_COUNT)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "no optimizer is called '%.*s'; there are: %s", (int)(rest - text), text,
                       choices(NULL, allowed, sizeof allowed));
    gradus_optimizer_config_init(&fresh, rules[index].algorithm);
    fresh.groups = known.groups;
    while (*rest) { /* rest is at ':' or ',' */
        const size_t n = strcspn(rest + 1, ",");
        status = parse_pair(context, &rules[index], rest + 1, n, &fresh);
        if (status != GRADUS_OK) return status;
        rest += 1 + n;
    }
    gd_write_struct(config, config->struct_size, &fresh, sizeof fresh);
    return GRADUS_OK;
}
