/* Opening an .npy file: a matrix whose rows are samples and whose columns are inputs and targets, as of a table. */
#include <string.h>

#include "base/context.h"
#include "data/sheet.h"
#include "data/table.h"

static gradus_status refuse_matrix(gradus_context *context, const char *path, const gd_npy *array) {
    if (array->dimensions > 2)
        return gd_fail(context, GRADUS_BAD_DATA,
                       "%s: an array of %zu dimensions: expected a matrix; pictures come with their labels, in an .npz file", path,
                       array->dimensions);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: %zu columns: expected inputs and targets, 2 to %d columns", path, array->columns, GD_MOST_COLUMNS);
}

/* What the config says of columns; only their numbers are known. */
static gradus_status give_roles(gradus_context *context, const gd_opening *opening, gradus_schema *schema, bool *chosen) {
    const size_t count = schema->column_count;
    size_t last = SIZE_MAX;
    memset(chosen, 0, count);
    gradus_status status = gd_choose_columns(context, opening->source, "columns to ignore", opening->config->ignore, schema, chosen);
    for (size_t i = 0; i < count; i++) {
        if (chosen[i])
            schema->columns[i].role = GD_ROLE_IGNORED;
        else
            last = i;
    }
    memset(chosen, 0, count);
    if (!status) status = gd_choose_columns(context, opening->source, "target columns", opening->config->targets, schema, chosen);
    if ((!opening->config->targets || !*opening->config->targets) && last != SIZE_MAX) chosen[last] = true;
    for (size_t i = 0; i < count; i++)
        if (chosen[i]) schema->columns[i].role = GD_ROLE_TARGET;
    if (status) return status;
    status = gd_schema_finish(context, opening->source, schema);
    if (status || opening->config->task != GRADUS_TASK_CLASSIFICATION || schema->targets == 1) return status;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %zu targets: a classification has one", opening->source, schema->targets);
}

static gradus_status new_schema(gradus_context *context, const gd_opening *opening, const gd_npy *array, gradus_schema **schema) {
    void *chosen;
    gradus_schema *made;
    if (array->dimensions > 2 || array->columns < 2 || array->columns > GD_MOST_COLUMNS) return refuse_matrix(context, opening->source, array);
    gradus_status status = gd_context_allocate(context, array->columns, opening->source, &chosen);
    if (status) return status;
    status = gd_schema_create(context, array->columns, &made);
    if (!status) {
        made->task = opening->config->task == GRADUS_TASK_CLASSIFICATION ? GRADUS_TASK_CLASSIFICATION : GRADUS_TASK_REGRESSION;
        made->missing = opening->config->missing;
        status = give_roles(context, opening, made, chosen);
        if (status)
            gradus_schema_destroy(context, made);
        else
            *schema = made;
    }
    gd_release(&context->allocator, chosen, array->columns);
    return status;
}

static bool has_categories(const gradus_schema *schema) { return gd_names_count(&schema->categories) > 0; }

/* The schema an array is read by; *with_targets: the array has the targets, too. */
static gradus_status known_schema(gradus_context *context, const gd_opening *opening, const gd_npy *array, gradus_schema **schema,
                                  bool *with_targets) {
    const gradus_schema *known = opening->schema;
    const size_t all = known->column_count ? known->column_count : known->features + known->targets, inputs = all - known->targets;
    *with_targets = array->columns == all;
    if (has_categories(known)) return gd_fail(context, GRADUS_BAD_DATA, "%s: the model takes columns of text, too: give it a table", opening->source);
    if (known->dtype == GRADUS_DTYPE_U8 && !gd_npy_is_plain(array, 'u', 1))
        return gd_fail(context, GRADUS_BAD_DATA, "%s: the model takes pictures of bytes: expected an array of type u1 in C order", opening->source);
    if (array->columns != all && array->columns != inputs)
        return gd_fail(context, GRADUS_BAD_DATA,
                       "%s: %zu columns, but the model takes %zu features: expected %zu columns with the targets, or %zu without", opening->source,
                       array->columns, known->features, all, inputs);
    if (!*with_targets && !opening->targets_optional)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: %zu columns, which are the inputs, but no target: expected %zu columns", opening->source,
                       array->columns, all);
    if (known->column_count > 0 || known->dtype != GRADUS_DTYPE_F32) return gradus_schema_copy(context, known, schema);
    return gd_schema_as_table(context, known, schema);
}

/* Which of the array's columns are which: in the schema's order, its targets left out where the array has none. */
static void list_columns(const gradus_schema *schema, bool with_targets, gd_sheet *sheet) {
    size_t at = 0, inputs = 0, targets = 0;
    if (schema->column_count == 0) {
        for (size_t i = 0; i < schema->features; i++) sheet->input_columns[i] = i;
        for (size_t i = 0; i < schema->targets; i++) sheet->target_columns[i] = schema->features + i;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        const gd_role role = schema->columns[i].role;
        if (role == GD_ROLE_INPUT) sheet->input_columns[inputs++] = at;
        if (role == GD_ROLE_TARGET && with_targets) sheet->target_columns[targets++] = at;
        at += role != GD_ROLE_TARGET || with_targets;
    }
}

/* Inputs that lie side by side as a tensor's do stay where they are, if nothing is to be changed in them. */
static void keep_in_place(gd_sheet *sheet, const gradus_schema *schema, gd_region *region) {
    const gd_npy *array = sheet->inputs;
    const bool bytes = schema->dtype == GRADUS_DTYPE_U8;
    if (!gd_npy_is_plain(array, bytes ? 'u' : 'f', bytes ? 1 : 4) || sheet->missing != GRADUS_MISSING_ERROR) return;
    const size_t first = sheet->input_columns[0];
    for (size_t i = 0; i < schema->features; i++)
        if (sheet->input_columns[i] != first + i) return;
    sheet->region = *region;
    sheet->offset = (size_t)(array->data - (const uint8_t *)region->data) + first * array->item;
    sheet->row_stride = array->columns;
    *region = (gd_region){NULL, 0, false};
}

/* The schema becomes the data set's, in any case; the region too, if it keeps its inputs there. */
static gradus_status make(gradus_context *context, const gd_opening *opening, gd_sheet *sheet, bool with_targets, gradus_schema *schema,
                          gd_region *region, gradus_dataset **dataset) {
    void *memory;
    gradus_dataset *made = NULL;
    const size_t size = (schema->features + schema->targets) * sizeof(size_t), features = schema->features;
    gradus_status status = gd_context_allocate(context, size, opening->source, &memory);
    if (!status) {
        sheet->input_columns = memory;
        sheet->target_columns = sheet->input_columns + features;
        list_columns(schema, with_targets, sheet);
        if (opening->config && schema->task == GRADUS_TASK_CLASSIFICATION) status = gd_sheet_learn_classes(context, sheet, schema);
    }
    if (status) {
        gradus_schema_destroy(context, schema);
    } else {
        keep_in_place(sheet, schema, region);
        status = gd_sheet_make(context, sheet, opening->source, schema, &made);
    }
    if (!status) status = gd_settle_missing(context, made, sheet->missing, opening->config != NULL);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *dataset = made;
    gd_release(&context->allocator, memory, size);
    return status;
}

gradus_status gd_npy_open(gradus_context *context, const gd_opening *opening, gradus_dataset **train) {
    size_t size;
    gd_npy array;
    gradus_schema *schema = NULL;
    gd_region region = {NULL, 0, false};
    bool with_targets = true;
    gradus_status status = gd_region_read(context, opening->source, &region, &size);
    if (!status) status = gd_npy_parse(context, opening->source, region.data, size, &array);
    if (!status)
        status = opening->config ? new_schema(context, opening, &array, &schema) : known_schema(context, opening, &array, &schema, &with_targets);
    if (!status) {
        gd_sheet sheet = {.path = opening->source,
                          .inputs = &array,
                          .targets = with_targets ? &array : NULL,
                          .missing = gd_opening_missing(opening),
                          .targets_optional = opening->targets_optional};
        status = make(context, opening, &sheet, with_targets, schema, &region, train);
    }
    gd_region_release(&context->allocator, &region);
    return status;
}
