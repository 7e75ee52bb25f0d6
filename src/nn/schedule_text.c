/* Schedules as text: NAME[:key=value,...], several joined by '+'. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/number.h"
#include "base/pairs.h"
#include "nn/schedule.h"

enum { MOST_TEXT = 512 };

/* The '+' that ends a part, or the text's end. The one in "1e+3" joins nothing. */
static const char *end_of_part(const char *text) {
    for (const char *c = text; *c; c++) {
        const bool exponent = c > text + 1 && (c[-1] == 'e' || c[-1] == 'E') && c[-2] >= '0' && c[-2] <= '9' && c[1] >= '0' && c[1] <= '9';
        if (*c == '+' && !exponent) return c;
    }
    return text + strlen(text);
}

static bool is_called(const gd_schedule_rule *rule, const char *text, size_t n) {
    return gd_text_is(rule->name, text, n) || (*rule->alias && gd_text_is(rule->alias, text, n));
}

static gradus_status find_rule(gradus_context *context, const char *text, size_t n, size_t *found) {
    char names[MOST_TEXT] = "";
    const gd_schedule_rule *rule, *before = NULL;
    for (*found = 0; (rule = gd_schedule_rule_at(*found)) != NULL; ++*found) {
        if (is_called(rule, text, n)) return GRADUS_OK;
        if (!before || strcmp(before->name, rule->name) != 0) gd_append_word(names, sizeof names, rule->name);
        before = rule;
    }
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "no schedule is called '%.*s'; there are: %s", (int)n, text, names);
}

static bool is_variant(const gd_pair *p) { return p->value && gd_text_is("variant", p->text, p->key_length); }

/* What `variant` among the pairs makes of rule number *number. */
static gradus_status choose_variant(gradus_context *context, const char *pairs, size_t *number) {
    const char *name = gd_schedule_rule_at(*number)->name;
    bool given = false;
    for (gd_pair p; gd_next_pair(&pairs, &p);) {
        char names[MOST_TEXT] = "";
        const gd_schedule_rule *rule;
        size_t i = 0;
        if (!is_variant(&p)) continue;
        for (; (rule = gd_schedule_rule_at(i)) != NULL; i++) {
            if (strcmp(rule->name, name) != 0) continue;
            if (gd_text_is(rule->variant, p.value, p.value_length)) break;
            gd_append_word(names, sizeof names, rule->variant);
        }
        if (!rule)
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s has no variant '%.*s'; there are: %s", name, (int)p.value_length, p.value,
                           names);
        if (given) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s: variant is given twice", name);
        given = true;
        *number = i;
    }
    return GRADUS_OK;
}

static bool read_milestones(const char *text, size_t n, gradus_schedule_part *part) {
    const char *end = text + n;
    for (part->milestones = 0;; text++) {
        const char *slash = memchr(text, '/', (size_t)(end - text));
        double value;
        if (part->milestones == GRADUS_SCHEDULE_MILESTONES || !gd_parse_double(text, (size_t)((slash ? slash : end) - text), &value)) return false;
        if (!(value >= 0.0 && value <= 1e15) || value != (double)(uint64_t)value) return false;
        if (part->milestones > 0 && value <= part->milestone[part->milestones - 1]) return false;
        part->milestone[part->milestones++] = value;
        if (!slash) return true;
        text = slash;
    }
}

static bool read_word(const gd_schedule_key *key, const gd_pair *p, double *value) {
    for (int i = 0; i < 2; i++) {
        if (!gd_text_is(key->words[i], p->value, p->value_length)) continue;
        *value = i;
        return true;
    }
    return false;
}

static bool read_number(const gd_schedule_key *key, const gd_pair *p, double *value) {
    return gd_parse_double(p->value, p->value_length, value) && *value >= key->least && *value <= key->greatest &&
           (key->kind == GD_VALUE_NUMBER || *value == (double)(uint64_t)*value);
}

static gradus_status read_value(gradus_context *context, const gd_schedule_rule *rule, int32_t number, const gd_pair *p, gradus_schedule_part *part) {
    const gd_schedule_key *key = &gd_schedule_keys[number];
    double *value = &part->parameters[number];
    const int given = p->value ? (int)p->value_length : 0;
    const char *text = p->value ? p->value : "";
    switch (key->kind) {
    case GD_VALUE_MILESTONES:
        if (p->value && read_milestones(p->value, p->value_length, part)) return GRADUS_OK;
        return gd_fail(context, GRADUS_INVALID_ARGUMENT,
                       "schedule %s: %s is '%.*s', expected 1 to %d whole numbers that rise, joined by '/', such as 30/60/90", rule->name, key->name,
                       given, text, GRADUS_SCHEDULE_MILESTONES);
    case GD_VALUE_WORD:
        if (p->value && read_word(key, p, value)) return GRADUS_OK;
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s: %s is '%.*s', expected %s or %s", rule->name, key->name, given, text,
                       key->words[0], key->words[1]);
    default:
        if (p->value && read_number(key, p, value)) return GRADUS_OK;
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s: %s is '%.*s', expected a %snumber from %g to %g", rule->name, key->name, given,
                       text, key->kind == GD_VALUE_WHOLE ? "whole " : "", key->least, key->greatest);
    }
}

/* One pair; `seen` has a bit for each key that was given. */
static gradus_status read_pair(gradus_context *context, const gd_schedule_rule *rule, const gd_pair *p, gradus_schedule_part *part, uint64_t *seen) {
    char keys[MOST_TEXT] = "";
    int32_t number = GD_NO_KEY;
    for (size_t i = 0; rule->keys[i].key != GD_NO_KEY && number == GD_NO_KEY; i++) {
        const char *name = gd_schedule_keys[rule->keys[i].key].name;
        if (gd_text_is(name, p->text, p->key_length)) number = rule->keys[i].key;
        gd_append_word(keys, sizeof keys, name);
    }
    if (number == GD_NO_KEY && !rule->fixed_unit && gd_text_is("per", p->text, p->key_length)) number = GD_KEY_PER;
    if (number == GD_NO_KEY)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s (variant %s) has no '%.*s'; it takes: %s%s, variant", rule->name, rule->variant,
                       (int)p->key_length, p->text, keys, rule->fixed_unit ? "" : ", per");
    if (*seen >> number & 1)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s: %s is given twice", rule->name, gd_schedule_keys[number].name);
    *seen |= (uint64_t)1 << number;
    return read_value(context, rule, number, p, part);
}

/* What must be there, and what does not go together. */
static gradus_status check_part(gradus_context *context, const gd_schedule_rule *rule, const gradus_schedule_part *part, uint64_t seen, bool last) {
    const double steps = part->parameters[GD_KEY_STEPS], epochs = part->parameters[GD_KEY_EPOCHS];
    for (size_t i = 0; rule->keys[i].key != GD_NO_KEY; i++)
        if (isnan(rule->keys[i].value) && !(seen >> rule->keys[i].key & 1))
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s (variant %s) needs %s, such as %s:%s=%s", rule->name, rule->variant,
                           gd_schedule_keys[rule->keys[i].key].name, rule->name, gd_schedule_keys[rule->keys[i].key].name,
                           rule->keys[i].key == GD_KEY_MILESTONES                       ? "30/60/90"
                           : gd_schedule_keys[rule->keys[i].key].kind == GD_VALUE_WHOLE ? "10"
                                                                                        : "0.9");
    if (steps > 0.0 && epochs > 0.0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s: steps and epochs are two ways to say how long; give one", rule->name);
    if (rule->rate == gd_schedule_warmup && steps == 0.0 && epochs == 0.0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s needs steps or epochs, such as %s:steps=100", rule->name, rule->name);
    if (last) return GRADUS_OK;
    if (rule->length == GD_NO_KEY)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s does not end, so nothing can follow it: put it last", rule->name);
    if (part->parameters[rule->length] == 0.0 && epochs == 0.0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "schedule %s needs %s, so that what follows has a beginning", rule->name,
                       gd_schedule_keys[rule->length].name);
    return GRADUS_OK;
}

static gradus_status read_part(gradus_context *context, const char *text, bool last, gradus_schedule_part *part) {
    const size_t name = strcspn(text, ":");
    const char *pairs = text + name;
    size_t number;
    uint64_t seen = 0;
    gradus_status status = find_rule(context, text, name, &number);
    if (status == GRADUS_OK) status = choose_variant(context, pairs, &number);
    if (status != GRADUS_OK) return status;
    const gd_schedule_rule *rule = gd_schedule_rule_at(number);
    *part = (gradus_schedule_part){.rule = (int32_t)number};
    part->parameters[GD_KEY_PER] = rule->unit;
    for (size_t i = 0; rule->keys[i].key != GD_NO_KEY; i++)
        part->parameters[rule->keys[i].key] = isnan(rule->keys[i].value) ? 0.0 : rule->keys[i].value;
    for (gd_pair p; status == GRADUS_OK && gd_next_pair(&pairs, &p);)
        if (!is_variant(&p)) status = read_pair(context, rule, &p, part, &seen);
    return status == GRADUS_OK ? check_part(context, rule, part, seen, last) : status;
}

gradus_status gradus_schedule_parse(gradus_context *context, const char *text, gradus_schedule *schedule) {
    gradus_schedule known, fresh;
    gradus_schedule_init(&known);
    gradus_schedule_init(&fresh);
    if (!text) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schedule_parse: text is NULL");
    gradus_status status = gd_read_struct(context, "gradus_schedule", schedule, &known, sizeof known);
    for (bool more = true; status == GRADUS_OK && more;) {
        char part[MOST_TEXT];
        const char *end = end_of_part(text);
        more = *end == '+';
        if (fresh.parts == GRADUS_SCHEDULE_PARTS)
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "more than %d schedules are joined", GRADUS_SCHEDULE_PARTS);
        if ((size_t)(end - text) >= sizeof part)
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "a schedule of %zu characters; at most %d are read", (size_t)(end - text),
                           MOST_TEXT - 1);
        memcpy(part, text, (size_t)(end - text));
        part[end - text] = 0;
        status = read_part(context, part, !more, &fresh.part[fresh.parts++]);
        text = end + 1;
    }
    if (status == GRADUS_OK) gd_write_struct(schedule, schedule->struct_size, &fresh, sizeof fresh);
    return status;
}
