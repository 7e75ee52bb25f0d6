/* Schemas: making, copying, asking. */
#include "data/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/number.h"

gradus_status gd_schema_create(gradus_context *context, size_t columns, gradus_schema **schema) {
    void *memory, *list = NULL;
    gradus_status status = gd_context_allocate(context, sizeof(gradus_schema), "schema", &memory);
    if (status) return status;
    gradus_schema *made = memory;
    *made = (gradus_schema){.allocator = context->allocator, .missing = GRADUS_MISSING_ERROR, .dtype = GRADUS_DTYPE_F32};
    made->names = gd_names_make(&made->allocator);
    made->categories = gd_names_make(&made->allocator);
    made->classes = gd_names_make(&made->allocator);
    made->feature_names = gd_names_make(&made->allocator);
    if (columns > 0) status = gd_context_allocate(context, columns * sizeof *made->columns, "schema", &list);
    if (status) {
        gd_release(&context->allocator, made, sizeof *made);
        return status;
    }
    if (list) memset(list, 0, columns * sizeof *made->columns);
    made->columns = list;
    made->column_count = columns;
    *schema = made;
    return GRADUS_OK;
}

void gradus_schema_destroy(gradus_context *context, gradus_schema *schema) {
    (void)context;
    if (!schema) return;
    gradus_allocator allocator = schema->allocator;
    gd_names_free(&schema->names);
    gd_names_free(&schema->categories);
    gd_names_free(&schema->classes);
    gd_names_free(&schema->feature_names);
    gd_release(&allocator, schema->columns, schema->column_count * sizeof *schema->columns);
    gd_release(&allocator, schema, sizeof *schema);
}

gradus_status gd_schema_lists(gradus_context *context, const gradus_schema *schema) {
    const gd_names *const lists[] = {&schema->names, &schema->categories, &schema->classes, &schema->feature_names};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (gd_names_failed(lists[i])) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "schema: no memory for its names");
    return GRADUS_OK;
}

gradus_status gradus_schema_copy(gradus_context *context, const gradus_schema *schema, gradus_schema **copy) {
    if (copy) *copy = NULL;
    if (!context || !schema || !copy)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schema_copy: context, schema and copy must not be NULL");
    int before = errno;
    gradus_schema *made;
    gradus_status status = gd_schema_create(context, schema->column_count, &made);
    if (status) return status;
    made->task = schema->task;
    made->missing = schema->missing;
    made->dtype = schema->dtype;
    made->named = schema->named;
    made->number_classes = schema->number_classes;
    made->features = schema->features;
    made->targets = schema->targets;
    made->height = schema->height;
    made->width = schema->width;
    if (schema->columns) memcpy(made->columns, schema->columns, schema->column_count * sizeof *schema->columns);
    gd_names_add_all(&made->names, &schema->names);
    gd_names_add_all(&made->categories, &schema->categories);
    gd_names_add_all(&made->classes, &schema->classes);
    gd_names_add_all(&made->feature_names, &schema->feature_names);
    status = gd_schema_lists(context, made);
    if (status) {
        gradus_schema_destroy(context, made);
        return status;
    }
    *copy = made;
    errno = before;
    return GRADUS_OK;
}

static void name_columns(gradus_schema *schema) {
    char name[32];
    for (size_t i = gd_names_count(&schema->names); i < schema->column_count && !gd_names_failed(&schema->names); i++) {
        snprintf(name, sizeof name, "column %zu", i + 1);
        gd_names_add(&schema->names, name);
    }
}

/* COLUMN, or COLUMN=CATEGORY for each category, joined in `name`. */
static void name_features(gradus_schema *schema, size_t column, gd_writer *name) {
    const gd_column *c = &schema->columns[column];
    if (!c->categorical) gd_names_add(&schema->feature_names, gd_schema_column_name(schema, column));
    for (size_t i = 0; i < c->categories; i++) {
        name->size = 0;
        gd_write_text(name, gd_schema_column_name(schema, column));
        gd_write_text(name, "=");
        gd_write_text(name, gd_names_at(&schema->categories, c->first_category + i));
        gd_write_bytes(name, "", 1);
        if (name->failed) schema->feature_names.text.failed = true;
        gd_names_add(&schema->feature_names, (const char *)name->data);
    }
}

gradus_status gd_schema_finish(gradus_context *context, const char *where, gradus_schema *schema) {
    gd_writer name = gd_writer_make(&schema->allocator);
    name_columns(schema);
    schema->features = schema->targets = 0;
    gradus_status status = gd_schema_lists(context, schema);
    for (size_t i = 0; i < schema->column_count && !status; i++) {
        gd_column *c = &schema->columns[i];
        c->first = c->role == GD_ROLE_TARGET ? schema->targets : schema->features;
        schema->targets += c->role == GD_ROLE_TARGET;
        if (c->role != GD_ROLE_INPUT) continue;
        schema->features += c->categorical ? c->categories : 1;
        if (schema->features > GD_MOST_FEATURES)
            status = gd_fail(context, GRADUS_BAD_DATA, "%s: its columns make more than %d inputs: ignore some", where, GD_MOST_FEATURES);
        else
            name_features(schema, i, &name);
    }
    gd_writer_free(&name);
    if (!status) status = gd_schema_lists(context, schema);
    if (status || (schema->features > 0 && schema->targets > 0)) return status;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: no column is left for the %s", where, schema->features > 0 ? "target" : "inputs");
}

gradus_status gd_schema_as_table(gradus_context *context, const gradus_schema *schema, gradus_schema **table) {
    gradus_schema *made;
    gradus_status status = gd_schema_create(context, schema->features + schema->targets, &made);
    if (status) return status;
    made->task = schema->task;
    made->missing = schema->missing;
    made->number_classes = schema->number_classes;
    for (size_t i = schema->features; i < made->column_count; i++) made->columns[i].role = GD_ROLE_TARGET;
    gd_names_add_all(&made->classes, &schema->classes);
    status = gd_schema_finish(context, "schema", made);
    if (status)
        gradus_schema_destroy(context, made);
    else
        *table = made;
    return status;
}

gradus_status gd_schema_count_classes(gradus_context *context, gradus_schema *schema, size_t count) {
    char name[32];
    schema->number_classes = true;
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%zu", i);
        gd_names_add(&schema->classes, name);
    }
    return gd_schema_lists(context, schema);
}

int gd_class_compare(const char *a, const char *b, bool numbers) {
    double x, y;
    if (!numbers || !gd_parse_double(a, strlen(a), &x) || !gd_parse_double(b, strlen(b), &y)) return strcmp(a, b);
    return (x > y) - (x < y);
}

size_t gd_names_search(const gd_names *names, size_t first, size_t count, const char *text, bool numbers) {
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = gd_class_compare(gd_names_at(names, first + middle), text, numbers);
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

gradus_task gradus_schema_task(const gradus_schema *schema) { return schema->task; }

gradus_missing gradus_schema_missing(const gradus_schema *schema) { return schema->missing; }

size_t gradus_schema_features(const gradus_schema *schema) { return schema->features; }

int32_t gradus_schema_input_dtype(const gradus_schema *schema) { return schema->dtype; }

const char *gradus_schema_feature_name(const gradus_schema *schema, size_t feature) { return gd_names_at(&schema->feature_names, feature); }

int gradus_schema_feature_is_category(const gradus_schema *schema, size_t feature) {
    for (size_t i = 0; i < schema->column_count && gd_names_count(&schema->categories) > 0; i++) {
        const gd_column *c = &schema->columns[i];
        if (c->role == GD_ROLE_INPUT && c->categorical && feature >= c->first && feature < c->first + c->categories) return 1;
    }
    return 0;
}

size_t gradus_schema_targets(const gradus_schema *schema) { return schema->targets; }

const char *gradus_schema_target_name(const gradus_schema *schema, size_t target) {
    for (size_t i = 0; i < schema->column_count; i++)
        if (schema->columns[i].role == GD_ROLE_TARGET && schema->columns[i].first == target) return gd_schema_column_name(schema, i);
    return NULL;
}

size_t gradus_schema_classes(const gradus_schema *schema) { return gd_names_count(&schema->classes); }

const char *gradus_schema_class_name(const gradus_schema *schema, size_t index) { return gd_names_at(&schema->classes, index); }

size_t gradus_schema_height(const gradus_schema *schema) { return schema->height; }

size_t gradus_schema_width(const gradus_schema *schema) { return schema->width; }
