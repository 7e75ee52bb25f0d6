/* Schemas from JSON texts, which may come from anywhere. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/fp.h"
#include "base/number.h"
#include "data/schema.h"
#include "format/json.h"

/* What is being read; every check that fails returns through wrong(). */
typedef struct gd_parsing {
    gradus_context *context;
    const gd_json *json;
    gradus_schema *schema;
} gd_parsing;

static gradus_status wrong(const gd_parsing *p, const char *what) { return gd_fail(p->context, GRADUS_BAD_DATA, "schema: %s", what); }

/* A member's text; NULL: there is none, or it is no text. */
static const char *text_of(const gd_parsing *p, size_t object, const char *key) {
    const size_t value = gd_json_find(p->json, object, key);
    return value != 0 && gd_json_type_of(p->json, value) == GD_JSON_STRING ? gd_json_text(p->json, value) : NULL;
}

/* A member's number of at most `most`; absent: 0. */
static bool read_count(const gd_parsing *p, size_t object, const char *key, uint64_t most, size_t *count) {
    uint64_t number = 0;
    const size_t value = gd_json_find(p->json, object, key);
    *count = 0;
    if (value != 0 && (!gd_json_unsigned(p->json, value, &number) || number > most)) return false;
    *count = (size_t)number;
    return true;
}

/* A member true or false; absent: false. */
static bool read_bool(const gd_parsing *p, size_t object, const char *key, bool *truth) {
    const size_t value = gd_json_find(p->json, object, key);
    *truth = value != 0 && gd_json_is_word(p->json, value, "true");
    return value == 0 || *truth || gd_json_is_word(p->json, value, "false");
}

/* A member that is a list; 0: it is not there, or none. */
static size_t list_of(const gd_parsing *p, size_t object, const char *key, size_t *length) {
    const size_t value = gd_json_find(p->json, object, key);
    *length = value != 0 && gd_json_type_of(p->json, value) == GD_JSON_ARRAY ? gd_json_length(p->json, value) : 0;
    return *length > 0 ? value : 0;
}

/* Adds a list of `least` to `most` texts, each greater than the one before. */
static bool read_list(const gd_parsing *p, size_t object, const char *key, size_t least, size_t most, bool numbers, gd_names *names) {
    size_t length;
    double number;
    const size_t list = list_of(p, object, key, &length);
    if (length < least || length > most) return false;
    size_t value = gd_json_first(list);
    for (size_t i = 0; i < length; i++, value = gd_json_next(p->json, value)) {
        if (gd_json_type_of(p->json, value) != GD_JSON_STRING) return false;
        const char *text = gd_json_text(p->json, value);
        if (numbers && !gd_parse_double(text, strlen(text), &number)) return false;
        const size_t count = gd_names_count(names);
        if (i > 0 && gd_class_compare(gd_names_at(names, count - 1), text, numbers) >= 0) return false;
        gd_names_add(names, text);
        if (gd_names_failed(names)) return true;
    }
    return true;
}

static gradus_status read_fill(const gd_parsing *p, size_t object, gd_column *column) {
    const size_t value = gd_json_find(p->json, object, "fill");
    column->filled = value != 0;
    if (value == 0) return GRADUS_OK;
    if (!column->categorical)
        return gd_json_double(p->json, value, &column->fill) && isfinite((float)column->fill) ? GRADUS_OK : wrong(p, "a column's fill is no number");
    const char *text = text_of(p, object, "fill");
    const size_t found = text ? gd_names_search(&p->schema->categories, column->first_category, column->categories, text, false) : SIZE_MAX;
    if (found == SIZE_MAX) return wrong(p, "a column's fill is none of its categories");
    column->fill = (double)found;
    return GRADUS_OK;
}

static gradus_status read_categories(const gd_parsing *p, size_t object, gd_column *column) {
    gd_names *categories = &p->schema->categories;
    column->categorical = gd_json_find(p->json, object, "categories") != 0;
    column->first_category = gd_names_count(categories);
    if (!column->categorical) return GRADUS_OK;
    if (!read_list(p, object, "categories", 1, GD_MOST_CATEGORIES, false, categories))
        return wrong(p, "a column's categories are no ascending list of texts");
    column->categories = gd_names_count(categories) - column->first_category;
    return gd_schema_lists(p->context, p->schema);
}

static gradus_status read_column(const gd_parsing *p, size_t object, size_t index) {
    char made_up[32];
    gd_column *column = &p->schema->columns[index];
    if (gd_json_type_of(p->json, object) != GD_JSON_OBJECT) return wrong(p, "a column is no object");
    const char *role = text_of(p, object, "role"), *name = text_of(p, object, "name");
    snprintf(made_up, sizeof made_up, "column %zu", index + 1);
    if (!name && (p->schema->named || gd_json_find(p->json, object, "name") != 0)) return wrong(p, "a column has no name");
    gd_names_add(&p->schema->names, name ? name : made_up);
    if (!role) return wrong(p, "a column has no role");
    column->role = strcmp(role, "input") == 0 ? GD_ROLE_INPUT : strcmp(role, "target") == 0 ? GD_ROLE_TARGET : GD_ROLE_IGNORED;
    if (column->role == GD_ROLE_IGNORED && strcmp(role, "ignored") != 0) return wrong(p, "a column's role is not input, target or ignored");
    if (column->role != GD_ROLE_INPUT) return GRADUS_OK;
    gradus_status status = read_categories(p, object, column);
    if (!status) status = read_fill(p, object, column);
    if (!status && p->schema->missing > GRADUS_MISSING_DROP && !column->filled) status = wrong(p, "a column has no fill for missing values");
    return status;
}

static gradus_status read_columns(const gd_parsing *p, size_t list) {
    gradus_status status = GRADUS_OK;
    size_t value = gd_json_first(list);
    for (size_t i = 0; i < p->schema->column_count && !status; i++, value = gd_json_next(p->json, value)) status = read_column(p, value, i);
    return status ? status : gd_schema_finish(p->context, "schema", p->schema);
}

/* What is not a list. */
static gradus_status read_facts(const gd_parsing *p) {
    gradus_schema *schema = p->schema;
    const char *task = text_of(p, 0, "task"), *missing = text_of(p, 0, "missing"), *input = text_of(p, 0, "input");
    size_t pixels;
    schema->task = gradus_task_from_name(task);
    schema->missing = gradus_missing_from_name(missing);
    schema->dtype = input && strcmp(input, "U8") == 0 ? GRADUS_DTYPE_U8 : GRADUS_DTYPE_F32;
    if (schema->task != GRADUS_TASK_CLASSIFICATION && schema->task != GRADUS_TASK_REGRESSION)
        return wrong(p, "task is not classification or regression");
    if (!schema->missing) return wrong(p, "missing is none of its values");
    if (!input || (schema->dtype == GRADUS_DTYPE_F32 && strcmp(input, "F32") != 0)) return wrong(p, "input is not F32 or U8");
    if (!read_count(p, 0, "features", GD_MOST_FEATURES, &schema->features) || !read_count(p, 0, "targets", GD_MOST_COLUMNS, &schema->targets) ||
        !read_count(p, 0, "height", GD_MOST_FEATURES, &schema->height) || !read_count(p, 0, "width", GD_MOST_FEATURES, &schema->width))
        return wrong(p, "features, targets, height or width is not a number in its range");
    if (schema->features == 0 || schema->targets == 0) return wrong(p, "there are no features, or no targets");
    if (schema->task == GRADUS_TASK_CLASSIFICATION && schema->targets != 1) return wrong(p, "a classification has one target");
    if (!gd_size_multiply(schema->height, schema->width, &pixels) || ((schema->height || schema->width) && pixels != schema->features))
        return wrong(p, "height and width do not make the features");
    if (!read_bool(p, 0, "named", &schema->named) || !read_bool(p, 0, "number_classes", &schema->number_classes))
        return wrong(p, "named or number_classes is not true or false");
    return GRADUS_OK;
}

static gradus_status read_schema(const gd_parsing *p, size_t columns) {
    gradus_schema *schema = p->schema;
    gradus_status status = read_facts(p);
    if (status) return status;
    const size_t features = schema->features, targets = schema->targets;
    if (columns != 0)
        status = schema->dtype == GRADUS_DTYPE_F32 && schema->height == 0 ? read_columns(p, columns) : wrong(p, "pictures have no columns");
    if (!status && (schema->features != features || schema->targets != targets))
        status = wrong(p, "its columns do not make its features and targets");
    if (!status && columns == 0 && schema->missing > GRADUS_MISSING_DROP) status = wrong(p, "only columns have fills for missing values");
    if (status || schema->task != GRADUS_TASK_CLASSIFICATION) return status;
    if (!read_list(p, 0, "classes", 2, GD_MOST_CLASSES, schema->number_classes, &schema->classes))
        return wrong(p, "classes is no ascending list of at least two texts");
    return gd_schema_lists(p->context, schema);
}

static GD_NOINLINE gradus_status parse(gradus_context *context, const gd_json *json, gradus_schema **schema) {
    size_t columns;
    gradus_schema *made;
    gd_parsing parsing = {context, json, NULL};
    if (gd_json_type_of(json, 0) != GD_JSON_OBJECT) return wrong(&parsing, "it is no JSON object");
    const char *format = text_of(&parsing, 0, "format");
    if (!format || strcmp(format, GD_SCHEMA_FORMAT) != 0) return wrong(&parsing, "its format is not " GD_SCHEMA_FORMAT);
    const size_t list = list_of(&parsing, 0, "columns", &columns);
    if (columns > GD_MOST_COLUMNS) return wrong(&parsing, "it has too many columns");
    gradus_status status = gd_schema_create(context, columns, &made);
    if (status) return status;
    parsing.schema = made;
    status = read_schema(&parsing, list);
    if (status)
        gradus_schema_destroy(context, made);
    else
        *schema = made;
    return status;
}

gradus_status gradus_schema_parse(gradus_context *context, const char *text, size_t size, gradus_schema **schema) {
    void *copy;
    gd_json json;
    if (schema) *schema = NULL;
    if (!context || !text || !schema)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schema_parse: context, text and schema must not be NULL");
    int before = errno;
    gradus_status status = gd_context_allocate(context, size, "schema", &copy);
    if (status) return status;
    memcpy(copy, text, size);
    status = gd_json_parse(context, "schema", copy, size, &json);
    if (!status) {
        gd_fp_environment environment = gd_fp_enter();
        status = parse(context, &json, schema);
        gd_fp_leave(environment);
        gd_json_free(&context->allocator, &json);
    }
    gd_release(&context->allocator, copy, size);
    if (!status) errno = before;
    return status;
}
