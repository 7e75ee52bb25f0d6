/* The categories of a table's columns: their distinct values, in order. */
#include <string.h>

#include "base/context.h"
#include "base/number.h"
#include "data/table_where.h"
#include "format/json.h"

/* A value as it stands in the table, and as a number where the column's are numbers. */
typedef struct gd_item {
    const char *text;
    double number;
} gd_item;

typedef struct gd_distinct {
    gd_writer items; /* ascending */
    size_t most, rows;
    bool numbers;
} gd_distinct;

typedef struct gd_gatherer {
    gradus_context *context;
    const gd_table *table;
    gradus_schema *schema;
    gd_distinct *sets; /* [columns]; most = 0: none is wanted */
} gd_gatherer;

static size_t count_of(const gd_distinct *set) { return set->items.size / sizeof(gd_item); }

static gd_item *items_of(const gd_distinct *set) { return (gd_item *)(void *)set->items.data; }

static int compare(const gd_distinct *set, const gd_item *a, const gd_item *b) {
    return set->numbers ? (a->number > b->number) - (a->number < b->number) : strcmp(a->text, b->text);
}

static void add(gd_distinct *set, const gd_item *item) {
    size_t low = 0, high = count_of(set);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(set, &items_of(set)[middle], item);
        if (order == 0) return;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const size_t behind = count_of(set) - low;
    gd_write_bytes(&set->items, item, sizeof *item);
    if (set->items.failed) return;
    memmove(items_of(set) + low + 1, items_of(set) + low, behind * sizeof *item);
    items_of(set)[low] = *item;
}

static void gather_field(gd_distinct *set, const char *field) {
    float rounded;
    gd_item item = {field, 0.0};
    if (gd_value_of(field, false, &rounded) == GD_VALUE_MISSING) return;
    if (set->numbers && !gd_parse_double(field, strlen(field), &item.number)) item.number = (double)rounded; /* so many digits */
    item.number += 0.0;                                                                                      /* -0 is 0 */
    set->rows++;
    add(set, &item);
}

static gradus_status too_many(const gd_gatherer *g, size_t column, size_t row, const char *field) {
    const bool target = g->schema->columns[column].role == GD_ROLE_TARGET;
    return gd_fail(g->context, GRADUS_BAD_DATA, "%s: more than %zu different values, the last '%s' in line %zu: %s",
                   gd_where_column(g->table, g->schema, column, column).text, g->sets[column].most, gd_show(field).text,
                   gd_csv_line(&g->table->csv, row),
                   target ? "choose another column as the target, or task = regression" : "ignore this column, it is no help as categories");
}

static gradus_status gather(const gd_gatherer *g) {
    const gd_csv *csv = &g->table->csv;
    const char *field = gd_table_begin(g->table);
    for (size_t row = g->table->header; row < csv->rows; row++)
        for (size_t column = 0; column < csv->columns; column++, field = gd_csv_next(field)) {
            gd_distinct *set = &g->sets[column];
            if (set->most == 0) continue;
            gather_field(set, field);
            if (set->items.failed) return gd_fail(g->context, GRADUS_OUT_OF_MEMORY, "%s: no memory for its categories", csv->path);
            if (count_of(set) > set->most) return too_many(g, column, row, field);
        }
    return GRADUS_OK;
}

/* Where nearly every row has a value of its own, the column is a name or a number of the row's, not a category. */
static gradus_status check_distinct(const gd_gatherer *g, size_t column) {
    enum { FEW = 16 };
    const gd_distinct *set = &g->sets[column];
    const size_t count = count_of(set);
    const bool target = g->schema->columns[column].role == GD_ROLE_TARGET;
    const gd_where where = gd_where_column(g->table, g->schema, column, column);
    if (count == 0)
        return gd_fail(g->context, GRADUS_BAD_DATA, "%s: every value is missing: %s", where.text,
                       target ? "choose another column as the target" : "ignore this column");
    if (target && count < 2)
        return gd_fail(g->context, GRADUS_BAD_DATA, "%s: every row's label is '%s': expected at least two classes", where.text,
                       gd_show(items_of(set)[0].text).text);
    if (count <= FEW || 2 * count <= set->rows) return GRADUS_OK;
    return gd_fail(g->context, GRADUS_BAD_DATA, "%s: %zu different values in %zu rows, such as '%s' and '%s': %s", where.text, count, set->rows,
                   gd_show(items_of(set)[0].text).text, gd_show(items_of(set)[1].text).text,
                   target ? "too many for classes: choose another column as the target" : "too many for categories: ignore this column");
}

static void add_names(gd_names *names, const gd_distinct *set) {
    char text[32];
    for (size_t i = 0; i < count_of(set); i++) {
        const gd_item *item = &items_of(set)[i];
        if (set->numbers) gd_json_print_number(text, item->number);
        gd_names_add(names, set->numbers ? text : item->text);
    }
}

static void begin(const gd_gatherer *g) {
    for (size_t i = 0; i < g->schema->column_count; i++) {
        const gd_column *column = &g->schema->columns[i];
        const bool labels = column->role == GD_ROLE_TARGET && g->schema->task == GRADUS_TASK_CLASSIFICATION;
        const size_t most = labels ? GD_MOST_CLASSES : column->role == GD_ROLE_INPUT && column->categorical ? GD_MOST_CATEGORIES : 0;
        g->sets[i] = (gd_distinct){gd_writer_make(&g->context->allocator), most, 0, labels && g->schema->number_classes};
    }
}

static gradus_status end(const gd_gatherer *g) {
    for (size_t i = 0; i < g->schema->column_count; i++) {
        gd_column *column = &g->schema->columns[i];
        const gd_distinct *set = &g->sets[i];
        gradus_status status = set->most > 0 ? check_distinct(g, i) : GRADUS_OK;
        if (status) return status;
        column->first_category = gd_names_count(&g->schema->categories);
        if (column->role == GD_ROLE_INPUT) {
            column->categories = count_of(set);
            add_names(&g->schema->categories, set);
        } else if (set->most > 0) {
            add_names(&g->schema->classes, set);
        }
    }
    return gd_schema_lists(g->context, g->schema);
}

gradus_status gd_table_categories(gradus_context *context, const gd_table *table, gradus_schema *schema) {
    void *memory;
    const size_t size = schema->column_count * sizeof(gd_distinct);
    gradus_status status = gd_context_allocate(context, size, table->csv.path, &memory);
    if (status) return status;
    gd_gatherer gatherer = {context, table, schema, memory};
    begin(&gatherer);
    status = gather(&gatherer);
    if (!status) status = end(&gatherer);
    for (size_t i = 0; i < schema->column_count; i++) gd_writer_free(&gatherer.sets[i].items);
    gd_release(&context->allocator, memory, size);
    return status;
}
