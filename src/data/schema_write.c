/* Schemas as JSON texts (docs/formats.md). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/fp.h"
#include "data/schema.h"
#include "format/json.h"

static void write_list(gd_json_writer *json, const char *key, const gd_names *names, size_t first, size_t count) {
    gd_json_begin_array(json, key);
    for (size_t i = 0; i < count; i++) gd_json_string(json, NULL, gd_names_at(names, first + i));
    gd_json_end_array(json);
}

/* A name that only says the column's number is left out: reading makes it up again. */
static void write_name(gd_json_writer *json, const gradus_schema *schema, size_t column) {
    char made_up[32];
    snprintf(made_up, sizeof made_up, "column %zu", column + 1);
    if (schema->named || strcmp(gd_schema_column_name(schema, column), made_up) != 0)
        gd_json_string(json, "name", gd_schema_column_name(schema, column));
}

static void write_column(gd_json_writer *json, const gradus_schema *schema, size_t index) {
    static const char *const roles[] = {"input", "target", "ignored"};
    const gd_column *column = &schema->columns[index];
    gd_json_begin_object(json, NULL);
    write_name(json, schema, index);
    gd_json_string(json, "role", roles[column->role]);
    if (column->categorical) write_list(json, "categories", &schema->categories, column->first_category, column->categories);
    if (column->filled && column->categorical)
        gd_json_string(json, "fill", gd_names_at(&schema->categories, column->first_category + (size_t)column->fill));
    else if (column->filled)
        gd_json_number(json, "fill", column->fill);
    gd_json_end_object(json);
}

static GD_NOINLINE void write_schema(gd_json_writer *json, const gradus_schema *schema) {
    gd_json_begin_object(json, NULL);
    gd_json_string(json, "format", GD_SCHEMA_FORMAT);
    gd_json_string(json, "task", gradus_task_name(schema->task));
    gd_json_string(json, "missing", gradus_missing_name(schema->missing));
    gd_json_string(json, "input", schema->dtype == GRADUS_DTYPE_U8 ? "U8" : "F32");
    gd_json_integer(json, "features", schema->features);
    gd_json_integer(json, "targets", schema->targets);
    if (schema->height > 0) {
        gd_json_integer(json, "height", schema->height);
        gd_json_integer(json, "width", schema->width);
    }
    if (schema->column_count > 0) {
        gd_json_bool(json, "named", schema->named);
        gd_json_begin_array(json, "columns");
        for (size_t i = 0; i < schema->column_count; i++) write_column(json, schema, i);
        gd_json_end_array(json);
    }
    if (schema->task == GRADUS_TASK_CLASSIFICATION) {
        gd_json_bool(json, "number_classes", schema->number_classes);
        write_list(json, "classes", &schema->classes, 0, gd_names_count(&schema->classes));
    }
    gd_json_end_object(json);
}

static gradus_status copy_out(gradus_context *context, const gd_writer *out, char *text, size_t size, size_t *needed) {
    if (out->failed) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "gradus_schema_write: no memory for the text");
    *needed = out->size;
    if (!text) return GRADUS_OK;
    if (size < out->size)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schema_write: the text takes %zu bytes, there is room for %zu", out->size, size);
    memcpy(text, out->data, out->size);
    return GRADUS_OK;
}

gradus_status gradus_schema_write(gradus_context *context, const gradus_schema *schema, char *text, size_t size, size_t *needed) {
    if (needed) *needed = 0;
    if (!context || !schema || !needed)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_schema_write: context, schema and needed must not be NULL");
    int before = errno;
    gd_writer out = gd_writer_make(&context->allocator);
    gd_json_writer json = {&out, false};
    gd_fp_environment environment = gd_fp_enter();
    write_schema(&json, schema);
    gd_fp_leave(environment);
    gd_write_bytes(&out, "", 1);
    gradus_status status = copy_out(context, &out, text, size, needed);
    gd_writer_free(&out);
    if (!status) errno = before;
    return status;
}
