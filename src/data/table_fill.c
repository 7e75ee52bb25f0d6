/* A table's rows as inputs and targets. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "data/table_where.h"

typedef struct gd_filler {
    gradus_context *context;
    const gd_filling *filling;
    gradus_dataset *dataset;
    size_t row, sample;  /* the field's row in the file; the sample */
    bool lost, dropping; /* targets are missing or unknown, and not needed; this sample is to be dropped for its target */
} gd_filler;

static gd_where where(const gd_filler *f, size_t column) {
    return gd_where_field(f->filling->table, f->dataset->schema, f->row, column, f->filling->columns[column]);
}

static gradus_status missing_input(const gd_filler *f, size_t column, const char *field) {
    const bool replaced = f->filling->missing > GRADUS_MISSING_DROP;
    if (replaced || (f->filling->missing == GRADUS_MISSING_DROP && !f->filling->targets_optional)) return GRADUS_OK;
    return gd_fail(f->context, GRADUS_BAD_DATA, "%s: a missing value ('%s'): fill it in, or train with missing = drop, mean, median or most-frequent",
                   where(f, column).text, gd_show(field).text);
}

static gradus_status read_number(const gd_filler *f, size_t column, const char *field, float *to) {
    const gd_value value = gd_value_of(field, f->filling->table->commas, to);
    if (gd_value_is_number(value)) return GRADUS_OK;
    *to = NAN;
    if (value == GD_VALUE_MISSING) return missing_input(f, column, field);
    return gd_fail(f->context, GRADUS_BAD_DATA, "%s: expected a number, found '%s'%s", where(f, column).text, gd_show(field).text,
                   value == GD_VALUE_INFINITE ? ", which is not a finite fp32 number" : "");
}

/* The first few names of a list, for a message. */
static void show_known(const gd_names *names, size_t first, size_t count, char *text, size_t size) {
    text[0] = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t used = strlen(text);
        if (used + 60 > size) {
            snprintf(text + used, size - used, ", ...");
            return;
        }
        snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", gd_show(gd_names_at(names, first + i)).text);
    }
}

static gradus_status unknown(const gd_filler *f, size_t column, const char *field, const char *what, const gd_names *names, size_t first,
                             size_t count) {
    char known[300];
    show_known(names, first, count, known, sizeof known);
    return gd_fail(f->context, GRADUS_BAD_DATA, "%s: '%s' is no %s that the model knows; it knows %s", where(f, column).text, gd_show(field).text,
                   what, known);
}

static gradus_status read_category(const gd_filler *f, size_t column, const gd_column *c, const char *field, float *to) {
    float number;
    const gradus_schema *schema = f->dataset->schema;
    const bool missing = gd_value_of(field, false, &number) == GD_VALUE_MISSING;
    for (size_t i = 0; i < c->categories; i++) to[i] = missing ? NAN : 0.0f;
    if (missing) return missing_input(f, column, field);
    const size_t found = gd_names_search(&schema->categories, c->first_category, c->categories, field, false);
    if (found == SIZE_MAX) return unknown(f, column, field, "category", &schema->categories, c->first_category, c->categories);
    to[found] = 1.0f;
    return GRADUS_OK;
}

static gradus_status read_input(const gd_filler *f, size_t column, const gd_column *c, const char *field) {
    float *to = (float *)(void *)gd_dataset_row(f->dataset, f->sample) + c->first;
    return c->categorical ? read_category(f, column, c, field, to) : read_number(f, column, field, to);
}

static gradus_status missing_target(gd_filler *f, size_t column, const char *field) {
    f->lost = f->filling->targets_optional;
    f->dropping = !f->lost && f->filling->missing == GRADUS_MISSING_DROP;
    if (f->lost || f->dropping) return GRADUS_OK;
    return gd_fail(f->context, GRADUS_BAD_DATA, "%s: a missing target ('%s'): fill it in, remove the row, or say missing = drop",
                   where(f, column).text, gd_show(field).text);
}

static gradus_status read_class(gd_filler *f, size_t column, const char *field) {
    const gradus_schema *schema = f->dataset->schema;
    const size_t classes = gd_names_count(&schema->classes), found = gd_names_search(&schema->classes, 0, classes, field, schema->number_classes);
    gd_dataset_set_class(f->dataset, f->sample, found == SIZE_MAX ? 0 : found);
    f->lost = found == SIZE_MAX && f->filling->targets_optional;
    return found != SIZE_MAX || f->lost ? GRADUS_OK : unknown(f, column, field, "class", &schema->classes, 0, classes);
}

static gradus_status read_target(gd_filler *f, size_t column, const gd_column *c, const char *field) {
    float number;
    if (f->lost || f->dropping) return GRADUS_OK;
    const gd_value value = gd_value_of(field, f->filling->table->commas, &number);
    if (value == GD_VALUE_MISSING) return missing_target(f, column, field);
    if (f->dataset->schema->task == GRADUS_TASK_CLASSIFICATION) return read_class(f, column, field);
    ((float *)f->dataset->targets.data)[f->sample * f->dataset->schema->targets + c->first] = number;
    if (gd_value_is_number(value)) return GRADUS_OK;
    f->lost = f->filling->targets_optional;
    return f->lost
               ? GRADUS_OK
               : gd_fail(f->context, GRADUS_BAD_DATA, "%s: expected a number as the target, found '%s'", where(f, column).text, gd_show(field).text);
}

static gradus_status fill_rows(gd_filler *f) {
    const gd_csv *csv = &f->filling->table->csv;
    const gradus_schema *schema = f->dataset->schema;
    const char *field = gd_table_begin(f->filling->table);
    for (; f->sample < f->dataset->samples; f->sample++, f->row++) {
        gradus_status status = GRADUS_OK;
        f->dropping = false;
        for (size_t i = 0; i < csv->columns && !status; i++, field = gd_csv_next(field)) {
            if (f->filling->columns[i] == SIZE_MAX) continue;
            const gd_column *column = &schema->columns[f->filling->columns[i]];
            if (column->role == GD_ROLE_INPUT) status = read_input(f, i, column, field);
            if (column->role == GD_ROLE_TARGET && f->filling->with_targets) status = read_target(f, i, column, field);
        }
        if (status) return status;
        if (f->dropping) *(float *)(void *)gd_dataset_row(f->dataset, f->sample) = NAN;
    }
    return GRADUS_OK;
}

gradus_status gd_table_fill(gradus_context *context, const gd_filling *filling, const char *source, gradus_schema *schema, gradus_dataset **dataset) {
    gradus_dataset *made;
    gradus_status status = gd_dataset_create(context, source, schema, gd_table_samples(filling->table), &made);
    if (status) return status;
    gd_filler filler = {.context = context, .filling = filling, .dataset = made, .row = filling->table->header};
    status = fill_rows(&filler);
    if (!filling->with_targets || filler.lost) gd_dataset_drop_targets(made);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *dataset = made;
    return status;
}
