/* Optimizers as text: NAME[:key=value,...], where the key `variant` picks another framework's formula of that name. */
#include <string.h>

#include "base/number.h"
#include "base/pairs.h"
#include "kernels/optimizer.h"

static gradus_status refuse_name(gradus_context *context, const char *text, size_t n) {
    char names[512] = "";
    const gd_algorithm *algorithm;
    for (size_t i = 0; (algorithm = gd_algorithm_at(i)) != NULL; i++)
        if (gd_algorithm_named(algorithm->name, strlen(algorithm->name)) == algorithm) gd_append_word(names, sizeof names, algorithm->name);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "no optimizer is called '%.*s'; there are: %s", (int)n, text, names);
}

/* The variant of `plain` that is called text[0 .. n). */
static gradus_status find_variant(gradus_context *context, const gd_algorithm *plain, const char *text, size_t n, const gd_algorithm **found) {
    char names[512] = "";
    const gd_algorithm *algorithm;
    for (size_t i = 0; (algorithm = gd_algorithm_at(i)) != NULL; i++) {
        if (strcmp(algorithm->name, plain->name) != 0) continue;
        gd_append_word(names, sizeof names, algorithm->variant);
        if (!gd_text_is(algorithm->variant, text, n)) continue;
        *found = algorithm;
        return GRADUS_OK;
    }
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer %s has no variant '%.*s'; there are: %s", plain->name, (int)n, text, names);
}

static bool is_variant(const gd_pair *p) { return p->value && gd_text_is("variant", p->text, p->key_length); }

/* What `variant` among the pairs makes of *algorithm. */
static gradus_status choose_variant(gradus_context *context, const char *pairs, const gd_algorithm **algorithm) {
    const gd_algorithm *plain = *algorithm;
    gradus_status status = GRADUS_OK;
    unsigned given = 0;
    for (gd_pair p; status == GRADUS_OK && gd_next_pair(&pairs, &p);) {
        if (!is_variant(&p)) continue;
        status = find_variant(context, plain, p.value, p.value_length, algorithm);
        if (status == GRADUS_OK && ++given > 1)
            status = gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer %s: variant is given twice", plain->name);
    }
    return status;
}

static gradus_status read_pair(gradus_context *context, const gd_algorithm *algorithm, const gd_pair *p, gradus_optimizer_config *config) {
    size_t i = 0;
    double value;
    char keys[512] = "";
    for (; algorithm->defaults[i].key >= 0; i++) {
        const char *key = gradus_hyper_parameter_key(algorithm->defaults[i].key);
        if (gd_text_is(key, p->text, p->key_length) || gd_text_is(gradus_hyper_parameter_name(algorithm->defaults[i].key), p->text, p->key_length))
            break;
        gd_append_word(keys, sizeof keys, key);
    }
    const gradus_hyper_parameter key = algorithm->defaults[i].key;
    if (key < 0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer %s (variant %s) has no '%.*s'; it takes: %s, variant", algorithm->name,
                       algorithm->variant, (int)p->key_length, p->text, keys);
    if (!p->value || !gd_parse_double(p->value, p->value_length, &value))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer %s: '%.*s' is not key=value with a decimal number (for example %s=%g)",
                       algorithm->name, (int)p->length, p->text, gradus_hyper_parameter_key(key), algorithm->defaults[i].value);
    config->hyper_parameters[key] = value;
    return gd_hyper_parameter_check(context, algorithm, key, value, "optimizer");
}

gradus_status gradus_optimizer_config_parse(gradus_context *context, const char *text, gradus_optimizer_config *config) {
    const size_t length = strcspn(text, ":");
    const char *pairs = text + length;
    gradus_optimizer_config fresh, known;
    gradus_optimizer_config_init(&known, GRADUS_OPTIMIZER_UNSET);
    gradus_status status = gd_read_struct(context, "gradus_optimizer_config", config, &known, sizeof known);
    if (status != GRADUS_OK) return status;
    const gd_algorithm *algorithm = gd_algorithm_named(text, length);
    if (!algorithm) return refuse_name(context, text, length);
    status = choose_variant(context, pairs, &algorithm);
    if (status != GRADUS_OK) return status;
    gradus_optimizer_config_init(&fresh, algorithm->number);
    fresh.groups = known.groups;
    for (gd_pair p; status == GRADUS_OK && gd_next_pair(&pairs, &p);)
        if (!is_variant(&p)) status = read_pair(context, algorithm, &p, &fresh);
    if (status == GRADUS_OK) gd_write_struct(config, config->struct_size, &fresh, sizeof fresh);
    return status;
}
