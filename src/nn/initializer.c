/* Initializers by name and as text. */
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "base/pairs.h"
#include "nn/net.h"

#define INITIALIZER_NAME(number, NAME, name) [number] = name,
static const char *const names[] = {GRADUS_INITIALIZER_MAP(INITIALIZER_NAME)};
enum { NAMES = sizeof names / sizeof names[0] };

static const double MOST = 1e6; /* the largest magnitude of any of the numbers */

gradus_initializer_kind gradus_initializer_from_name(const char *name) { return gd_name_find(names, NAMES, name); }
const char *gradus_initializer_name(gradus_initializer_kind kind) { return gd_name_of(names, NAMES, kind); }

void gradus_initializer_init_sized(gradus_initializer *initializer, size_t struct_size) {
    const gradus_initializer defaults = {.kind = GRADUS_INITIALIZER_GLOROT_UNIFORM, .low = -0.05, .high = 0.05, .stddev = 0.05};
    gd_write_struct(initializer, struct_size, &defaults, sizeof defaults);
}

static bool within(double value, double least) { return value >= least && value <= MOST; }

static gradus_status check(gradus_context *context, const gradus_initializer *i) {
    if (!gradus_initializer_name(i->kind)) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "initializer: kind %d is unknown", (int)i->kind);
    if (i->reserved) return gd_fail(context, GRADUS_UNSUPPORTED, "initializer: reserved must be 0");
    if (i->kind == GRADUS_INITIALIZER_UNIFORM && !(within(i->low, -MOST) && within(i->high, i->low)))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "initializer uniform: low is %g and high %g, expected low <= high, both from -1e6 to 1e6",
                       i->low, i->high);
    if (i->kind == GRADUS_INITIALIZER_NORMAL && !(within(i->mean, -MOST) && within(i->stddev, 0.0)))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "initializer normal: mean is %g and stddev %g, expected -1e6 to 1e6 and 0 to 1e6", i->mean,
                       i->stddev);
    return GRADUS_OK;
}

gradus_status gd_check_initializer(gradus_context *context, const gradus_initializer *given, gradus_initializer *initializer) {
    gradus_initializer_init(initializer);
    if (!given) return GRADUS_OK;
    const gradus_status status = gd_read_struct(context, "gradus_initializer", given, initializer, sizeof *initializer);
    return status == GRADUS_OK ? check(context, initializer) : status;
}

static gradus_status refuse_name(gradus_context *context, const char *text, size_t n) {
    char list[512] = "";
    for (size_t i = 1; i < NAMES; i++) gd_append_word(list, sizeof list, names[i]);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "no initializer is called '%.*s'; there are: %s", (int)n, text, list);
}

/* The number that a key of this kind is about; NULL: it has no such key. */
static double *find_key(gradus_initializer *i, const gd_pair *p) {
    const struct {
        gradus_initializer_kind kind;
        const char *key;
        double *value;
    } keys[] = {{GRADUS_INITIALIZER_UNIFORM, "low", &i->low},
                {GRADUS_INITIALIZER_UNIFORM, "high", &i->high},
                {GRADUS_INITIALIZER_NORMAL, "mean", &i->mean},
                {GRADUS_INITIALIZER_NORMAL, "stddev", &i->stddev}};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        if (keys[k].kind == i->kind && gd_text_is(keys[k].key, p->text, p->key_length)) return keys[k].value;
    return NULL;
}

static gradus_status read_pair(gradus_context *context, gradus_initializer *i, const gd_pair *p) {
    const char *keys = i->kind == GRADUS_INITIALIZER_UNIFORM ? "low, high" : i->kind == GRADUS_INITIALIZER_NORMAL ? "mean, stddev" : "no key";
    double *value = find_key(i, p);
    if (!value)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "initializer %s has no '%.*s'; it takes: %s", names[i->kind], (int)p->key_length, p->text,
                       keys);
    if (!p->value || !gd_parse_double(p->value, p->value_length, value))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "initializer %s: '%.*s' is not key=value with a decimal number (keys: %s)", names[i->kind],
                       (int)p->length, p->text, keys);
    return GRADUS_OK;
}

gradus_status gradus_initializer_parse(gradus_context *context, const char *text, gradus_initializer *initializer) {
    gradus_initializer known, fresh;
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!text) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_initializer_parse: text is NULL");
    gradus_initializer_init(&known);
    gradus_initializer_init(&fresh);
    gradus_status status = gd_read_struct(context, "gradus_initializer", initializer, &known, sizeof known);
    if (status != GRADUS_OK) return status;
    const size_t length = strcspn(text, ":");
    const char *pairs = text + length;
    fresh.kind = GRADUS_INITIALIZER_UNSET;
    for (size_t i = 1; i < NAMES; i++)
        if (gd_text_is(names[i], text, length)) fresh.kind = (gradus_initializer_kind)i;
    if (!fresh.kind) return refuse_name(context, text, length);
    for (gd_pair p; status == GRADUS_OK && gd_next_pair(&pairs, &p);) status = read_pair(context, &fresh, &p);
    if (status == GRADUS_OK) status = check(context, &fresh);
    if (status == GRADUS_OK) gd_write_struct(initializer, initializer->struct_size, &fresh, sizeof fresh);
    return status;
}
