/* The schema of a table: which columns are inputs, which targets, which hold numbers, and what is to be learnt. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "data/table_where.h"

typedef struct gd_maker {
    gradus_context *context;
    const gd_table *table;
    const gradus_dataset_config *config;
    gradus_schema *schema;
    bool *chosen, *names_only; /* [columns]: by the list at hand; numbers that are only names */
} gd_maker;

static int compare_names(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Columns can be found by name only if no two have the same. */
static gradus_status check_unique(gradus_context *context, gradus_schema *schema) {
    const size_t count = schema->column_count;
    void *memory;
    gradus_status status = gd_context_allocate(context, count * sizeof(const char *), "names of columns", &memory);
    if (status) return status;
    const char **sorted = memory;
    for (size_t i = 0; i < count; i++) sorted[i] = gd_schema_column_name(schema, i);
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < count; i++) schema->named = schema->named && strcmp(sorted[i - 1], sorted[i]) != 0;
    gd_release(&context->allocator, memory, count * sizeof(const char *));
    return GRADUS_OK;
}

static gradus_status read_names(gradus_context *context, const gd_table *table, gradus_schema *schema) {
    char made_up[32];
    const char *field = table->csv.text;
    schema->named = true;
    for (size_t i = 0; i < schema->column_count; i++, field = gd_csv_next(field)) {
        snprintf(made_up, sizeof made_up, "column %zu", i + 1);
        gd_names_add(&schema->names, *field ? field : made_up);
    }
    gradus_status status = gd_schema_lists(context, schema);
    return status ? status : check_unique(context, schema);
}

/* Sets `chosen` to what the list says. */
static gradus_status choose(const gd_maker *m, const char *option, const char *list) {
    memset(m->chosen, 0, m->schema->column_count * sizeof *m->chosen);
    return gd_choose_columns(m->context, m->table->csv.path, option, list, m->schema, m->chosen);
}

static gradus_status give_roles(const gd_maker *m) {
    gradus_schema *schema = m->schema;
    size_t last = SIZE_MAX;
    gradus_status status = choose(m, "columns to ignore", m->config->ignore);
    for (size_t i = 0; i < schema->column_count && !status; i++) {
        if (m->chosen[i])
            schema->columns[i].role = GD_ROLE_IGNORED;
        else
            last = i;
    }
    if (!status) status = choose(m, "target columns", m->config->targets);
    if (status) return status;
    if ((!m->config->targets || !*m->config->targets) && last != SIZE_MAX) m->chosen[last] = true;
    for (size_t i = 0; i < schema->column_count; i++) {
        if (!m->chosen[i]) continue;
        if (schema->columns[i].role == GD_ROLE_IGNORED)
            return gd_fail(m->context, GRADUS_INVALID_ARGUMENT, "%s: it cannot be both a target and ignored",
                           gd_where_column(m->table, schema, i, i).text);
        schema->columns[i].role = GD_ROLE_TARGET;
    }
    status = choose(m, "categorical columns", m->config->categorical);
    memcpy(m->names_only, m->chosen, schema->column_count * sizeof *m->chosen);
    return status;
}

static gradus_status refuse_infinite(const gd_maker *m, size_t column) {
    const size_t row = m->table->profiles[column].odd_row;
    return gd_fail(m->context, GRADUS_BAD_DATA, "%s: '%s' is not a finite fp32 number: correct it, or drop the row",
                   gd_where_field(m->table, m->schema, row, column, column).text, gd_show(gd_table_field(m->table, row, column)).text);
}

/* Text where numbers are expected. */
static gradus_status refuse_text(const gd_maker *m, size_t column) {
    const gd_profile *profile = &m->table->profiles[column];
    return gd_fail(m->context, GRADUS_BAD_DATA, "%s: expected a number, as in %zu other rows of this column, found '%s': %s",
                   gd_where_field(m->table, m->schema, profile->odd_row, column, column).text, profile->numbers,
                   gd_show(gd_table_field(m->table, profile->odd_row, column)).text,
                   profile->odd_row == 0 ? "if the first row holds the columns' names, say header = yes"
                                         : "correct it (leave it empty if unknown), or make the column categorical, or ignore it");
}

static gradus_status check_numbers(const gd_maker *m, size_t column) {
    const gd_profile *profile = &m->table->profiles[column];
    if (profile->points > 0 && profile->commas > 0)
        return gd_fail(m->context, GRADUS_BAD_DATA, "%s: %zu numbers with a decimal point and %zu with a decimal comma: write all alike",
                       gd_where_column(m->table, m->schema, column, column).text, profile->points, profile->commas);
    return profile->infinite > 0 ? refuse_infinite(m, column) : GRADUS_OK;
}

static gradus_status check_not_empty(const gd_maker *m, size_t column) {
    const gd_profile *profile = &m->table->profiles[column];
    if (profile->numbers + profile->texts + profile->infinite > 0) return GRADUS_OK;
    return gd_fail(m->context, GRADUS_BAD_DATA, "%s: every value is missing: ignore this column (does each line end with the delimiter?)",
                   gd_where_column(m->table, m->schema, column, column).text);
}

/* A few texts among many numbers are mistakes, not categories. */
static bool is_mistaken(const gd_profile *profile) { return profile->texts > 0 && profile->numbers > profile->texts + profile->infinite; }

static gradus_status judge_input(const gd_maker *m, size_t column) {
    const gd_profile *profile = &m->table->profiles[column];
    m->schema->columns[column].categorical = m->names_only[column] || profile->texts > 0;
    if (m->names_only[column]) return GRADUS_OK;
    if (is_mistaken(profile)) return refuse_text(m, column);
    return profile->texts > 0 ? GRADUS_OK : check_numbers(m, column);
}

static gradus_status judge_target(const gd_maker *m, size_t column) {
    const gd_profile *profile = &m->table->profiles[column];
    const bool numbers = profile->texts == 0;
    if (m->names_only[column])
        return gd_fail(m->context, GRADUS_INVALID_ARGUMENT, "%s: it is a target: task = classification makes its numbers classes",
                       gd_where_column(m->table, m->schema, column, column).text);
    if (m->config->task != GRADUS_TASK_CLASSIFICATION && is_mistaken(profile)) return refuse_text(m, column);
    if (m->config->task == GRADUS_TASK_REGRESSION && !numbers) return refuse_text(m, column);
    const bool classes = m->config->task == GRADUS_TASK_CLASSIFICATION || !numbers;
    if (classes && m->schema->task) /* not the first target */
        return gd_fail(m->context, GRADUS_BAD_DATA, "%s: %s, but there are other targets: a classification has one, a regression numbers only",
                       gd_where_column(m->table, m->schema, column, column).text, numbers ? "it is to hold classes" : "it holds text");
    m->schema->task = classes ? GRADUS_TASK_CLASSIFICATION : GRADUS_TASK_REGRESSION;
    m->schema->number_classes = classes && numbers && profile->commas == 0 && profile->infinite == 0;
    return classes && numbers && profile->infinite == 0 ? GRADUS_OK : numbers ? check_numbers(m, column) : GRADUS_OK;
}

static gradus_status judge_columns(const gd_maker *m) {
    gradus_status status = GRADUS_OK;
    m->schema->missing = m->config->missing;
    for (size_t i = 0; i < m->schema->column_count && !status; i++) {
        const gd_role role = m->schema->columns[i].role;
        if (role != GD_ROLE_IGNORED) status = check_not_empty(m, i);
        if (status) return status;
        if (role == GD_ROLE_INPUT) status = judge_input(m, i);
        if (role == GD_ROLE_TARGET && m->schema->task == GRADUS_TASK_CLASSIFICATION)
            status = gd_fail(m->context, GRADUS_BAD_DATA, "%s: a second target, but the first one holds classes: a classification has one target",
                             gd_where_column(m->table, m->schema, i, i).text);
        else if (role == GD_ROLE_TARGET)
            status = judge_target(m, i);
    }
    return status;
}

static gradus_status check_size(gradus_context *context, const gd_table *table) {
    if (gd_table_samples(table) == 0)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: it has a header, but no rows below it: expected samples, one a line", table->csv.path);
    if (table->csv.columns > 1) return GRADUS_OK;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: it has one column, but inputs and a target take two at least: fields are separated by , ; or a tab",
                   table->csv.path);
}

static gradus_status make(gd_maker *m) {
    gradus_status status = m->table->header ? read_names(m->context, m->table, m->schema) : GRADUS_OK;
    if (!status) status = give_roles(m);
    if (!status) status = judge_columns(m);
    if (!status) status = gd_table_categories(m->context, m->table, m->schema);
    return status ? status : gd_schema_finish(m->context, m->table->csv.path, m->schema);
}

gradus_status gd_table_schema(gradus_context *context, const gd_table *table, const gradus_dataset_config *config, gradus_schema **schema) {
    void *flags = NULL;
    gradus_schema *made;
    gradus_status status = check_size(context, table);
    if (!status) status = gd_schema_create(context, table->csv.columns, &made);
    if (status) return status;
    const size_t size = 2 * table->csv.columns * sizeof(bool);
    status = gd_context_allocate(context, size, table->csv.path, &flags);
    gd_maker maker = {context, table, config, made, flags, flags ? (bool *)flags + table->csv.columns : NULL};
    if (!status) status = make(&maker);
    gd_release(&context->allocator, flags, size);
    if (status)
        gradus_schema_destroy(context, made);
    else
        *schema = made;
    return status;
}
