/* Opening tables: as a config says, or as another's schema does. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "data/table_where.h"

static gradus_status fill(gradus_context *context, const gd_filling *filling, const gd_opening *opening, gradus_schema *schema,
                          gradus_dataset **dataset) {
    gradus_dataset *made;
    gradus_status status = gd_table_fill(context, filling, opening->source, schema, &made);
    if (status) return status;
    status = gd_settle_missing(context, made, filling->missing, opening->config != NULL);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *dataset = made;
    return status;
}

/* Room to say what each of the file's columns is. */
static gradus_status allocate_columns(gradus_context *context, const gd_table *table, size_t **columns) {
    void *memory;
    gradus_status status = gd_context_allocate(context, table->csv.columns * sizeof **columns, table->csv.path, &memory);
    if (!status) *columns = memory;
    return status;
}

static void release_columns(gradus_context *context, const gd_table *table, size_t *columns) {
    gd_release(&context->allocator, columns, table->csv.columns * sizeof *columns);
}

static gradus_status open_new(gradus_context *context, const gd_opening *opening, const gd_table *table, gradus_dataset **dataset) {
    gradus_schema *schema;
    size_t *columns;
    gradus_status status = gd_table_schema(context, table, opening->config, &schema);
    if (status) return status;
    status = allocate_columns(context, table, &columns);
    if (status) {
        gradus_schema_destroy(context, schema);
        return status;
    }
    for (size_t i = 0; i < table->csv.columns; i++) columns[i] = i;
    const gd_filling filling = {table, columns, opening->config->missing, true, false};
    status = fill(context, &filling, opening, schema, dataset);
    release_columns(context, table, columns);
    return status;
}

typedef struct gd_matcher {
    gradus_context *context;
    const gd_opening *opening;
    gd_table *table;
    const gradus_schema *schema; /* of a table */
    size_t *columns;
    bool with_targets;
} gd_matcher;

/* One field of the first row. */
typedef struct gd_heading {
    const char *name;
    size_t column;
} gd_heading;

static int compare_headings(const void *a, const void *b) {
    const gd_heading *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->column > y->column) - (x->column < y->column);
}

/* The file's first column of that name, of sorted headings; SIZE_MAX: there is none. */
static size_t find_column(const gd_heading *headings, size_t count, const char *name) {
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(headings[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && strcmp(headings[low].name, name) == 0 ? headings[low].column : SIZE_MAX;
}

static gradus_status lacks_column(const gd_matcher *m, size_t column) {
    return gd_fail(m->context, GRADUS_BAD_DATA, "%s: its header has no column '%s', which the model needs (%zu inputs)", m->table->csv.path,
                   gd_show(gd_schema_column_name(m->schema, column)).text, m->schema->features);
}

/* By the names of the header; *found: how many of the inputs' names are in it. */
static gradus_status match_names(gd_matcher *m, const gd_heading *headings, size_t *found) {
    gradus_status status = GRADUS_OK;
    const size_t count = m->table->csv.columns;
    *found = 0;
    m->with_targets = true;
    for (size_t i = 0; i < count; i++) m->columns[i] = SIZE_MAX;
    for (size_t i = 0; i < m->schema->column_count; i++) {
        const gd_role role = m->schema->columns[i].role;
        if (role == GD_ROLE_IGNORED) continue;
        const size_t at = find_column(headings, count, gd_schema_column_name(m->schema, i));
        if (at != SIZE_MAX) {
            m->columns[at] = i;
            *found += role == GD_ROLE_INPUT;
        } else if (role == GD_ROLE_INPUT || !m->opening->targets_optional) {
            if (!status) status = lacks_column(m, i);
        } else {
            m->with_targets = false;
        }
    }
    return status;
}

/* Whether the first row is text where the schema has numbers, in all such columns. */
static bool looks_like_header(const gd_matcher *m) {
    size_t numbers = 0;
    for (size_t i = 0; i < m->table->csv.columns; i++) {
        if (gd_value_is_number(m->table->profiles[i].first)) return false;
        if (m->columns[i] == SIZE_MAX || m->schema->columns[m->columns[i]].categorical) continue;
        if (m->schema->columns[m->columns[i]].role != GD_ROLE_INPUT) continue;
        if (m->table->profiles[i].first != GD_VALUE_TEXT) return false;
        numbers++;
    }
    return numbers > 0;
}

static gradus_status wrong_count(const gd_matcher *m) {
    const size_t all = m->schema->column_count, targets = m->schema->targets;
    return gd_fail(m->context, GRADUS_BAD_DATA,
                   "%s: %zu columns, but the model takes %zu inputs%s: expected %zu columns with the target%s, or %zu without", m->table->csv.path,
                   m->table->csv.columns, m->schema->features, m->schema->features > all ? " made from categories" : "", all, targets == 1 ? "" : "s",
                   all - targets);
}

/* The file has all of the schema's columns, or all but the targets. */
static gradus_status match_positions(gd_matcher *m) {
    const size_t all = m->schema->column_count, count = m->table->csv.columns;
    m->with_targets = count == all;
    if (count != all && count != all - m->schema->targets) return wrong_count(m);
    if (!m->with_targets && !m->opening->targets_optional)
        return gd_fail(m->context, GRADUS_BAD_DATA, "%s: %zu columns, which are the inputs, but no target: expected %zu columns", m->table->csv.path,
                       count, all);
    for (size_t i = 0, at = 0; i < all; i++) {
        const bool target = m->schema->columns[i].role == GD_ROLE_TARGET;
        if (m->with_targets || !target) m->columns[at++] = m->schema->columns[i].role == GD_ROLE_IGNORED ? SIZE_MAX : i;
    }
    return GRADUS_OK;
}

static size_t count_inputs(const gradus_schema *schema) {
    size_t inputs = 0;
    for (size_t i = 0; i < schema->column_count; i++) inputs += schema->columns[i].role == GD_ROLE_INPUT;
    return inputs;
}

/* A first row with any of the names is a header; one that holds numbers, too, only if it has all of them. */
static gradus_status match(gd_matcher *m) {
    void *memory;
    size_t found = 0;
    bool numbers = false;
    const size_t count = m->table->csv.columns;
    gradus_status status = gd_context_allocate(m->context, count * sizeof(gd_heading), m->table->csv.path, &memory);
    if (status) return status;
    gd_heading *headings = memory;
    const char *field = m->table->csv.text;
    for (size_t i = 0; i < count; i++, field = gd_csv_next(field)) {
        headings[i] = (gd_heading){field, i};
        numbers = numbers || gd_value_is_number(m->table->profiles[i].first);
    }
    qsort(headings, count, sizeof *headings, compare_headings);
    if (m->schema->named) status = match_names(m, headings, &found);
    gd_release(&m->context->allocator, memory, count * sizeof(gd_heading));
    if (found > 0 && (!numbers || found == count_inputs(m->schema))) {
        gd_table_set_header(m->table, true);
        return status;
    }
    status = match_positions(m);
    if (!status) gd_table_set_header(m->table, looks_like_header(m));
    return status;
}

static gradus_status check_rows(gradus_context *context, const gd_table *table) {
    if (gd_table_samples(table) > 0) return GRADUS_OK;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: it has a header, but no rows below it", table->csv.path);
}

static gradus_status open_known(gradus_context *context, const gd_opening *opening, gd_table *table, gradus_schema *schema,
                                gradus_dataset **dataset) {
    gd_matcher matcher = {.context = context, .opening = opening, .table = table, .schema = schema};
    gradus_status status = allocate_columns(context, table, &matcher.columns);
    if (!status) status = match(&matcher);
    if (!status) status = check_rows(context, table);
    if (status) {
        gradus_schema_destroy(context, schema);
    } else {
        const gd_filling filling = {table, matcher.columns, schema->missing, matcher.with_targets, opening->targets_optional};
        status = fill(context, &filling, opening, schema, dataset);
    }
    release_columns(context, table, matcher.columns);
    return status;
}

/* The schema that a table is read by: a copy, with columns. */
static gradus_status known_schema(gradus_context *context, const gd_opening *opening, gradus_schema **schema) {
    const gradus_schema *known = opening->schema;
    if (known->column_count > 0) return gradus_schema_copy(context, known, schema);
    if (known->dtype != GRADUS_DTYPE_F32)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: a table, but the model takes pictures of %zu x %zu bytes: give IDX, .npy or .npz files of them",
                       opening->source, known->height, known->width);
    return gd_schema_as_table(context, known, schema);
}

gradus_status gd_table_open(gradus_context *context, const gd_opening *opening, gradus_dataset **train) {
    gd_table table;
    gradus_schema *schema = NULL;
    const gradus_dataset_config *config = opening->config;
    gradus_status status = config ? GRADUS_OK : known_schema(context, opening, &schema);
    if (!status)
        status = gd_table_read(context, opening->source, config ? (char)config->delimiter : 0, config ? config->header : GRADUS_HEADER_UNSET, &table);
    if (status) {
        gradus_schema_destroy(context, schema);
        return status;
    }
    status = config ? open_new(context, opening, &table, train) : open_known(context, opening, &table, schema, train);
    gd_table_free(&table);
    return status;
}
