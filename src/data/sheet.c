/* Arrays of numbers into data sets. */
#include "data/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/number.h"
#include "format/json.h"

/* What a data set is filled with: a sample's elements of each array, and the classes' values where labels are looked up by value. */
typedef struct gd_reading {
    gradus_context *context;
    const gd_sheet *sheet;
    gradus_dataset *dataset;
    double *inputs, *targets, *class_values; /* class_values NULL: a label is the class's index */
    size_t classes;
    bool lost;
} gd_reading;

static size_t column_of(const size_t *columns, size_t index) { return columns ? columns[index] : index; }

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The target of every sample, in labels[samples]; of NaN there are none. */
static gradus_status read_labels(gradus_context *context, const gd_sheet *sheet, double *row, double *labels, size_t *count) {
    *count = 0;
    for (size_t i = 0; i < sheet->targets->samples; i++) {
        gd_npy_row(sheet->targets, i, row);
        const double label = row[column_of(sheet->target_columns, 0)] + 0.0;
        if (label == label) labels[(*count)++] = label;
    }
    return *count > 0 ? GRADUS_OK : gd_fail(context, GRADUS_BAD_DATA, "%s: every target is missing (NaN)", sheet->path);
}

static gradus_status name_classes(gradus_context *context, const gd_sheet *sheet, const double *sorted, size_t count, gradus_schema *schema) {
    char name[32];
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1]) continue;
        gd_json_print_number(name, sorted[i]);
        gd_names_add(&schema->classes, name);
        if (gd_names_count(&schema->classes) > GD_MOST_CLASSES)
            return gd_fail(context, GRADUS_BAD_DATA, "%s: more than %d different targets: too many for classes", sheet->path, GD_MOST_CLASSES);
    }
    gradus_status status = gd_schema_lists(context, schema);
    if (status || gd_names_count(&schema->classes) >= 2) return status;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: every label is %s: expected at least two classes", sheet->path, name);
}

gradus_status gd_sheet_learn_classes(gradus_context *context, const gd_sheet *sheet, gradus_schema *schema) {
    void *memory;
    size_t count, size = (sheet->targets->columns + sheet->targets->samples) * sizeof(double);
    gradus_status status = gd_context_allocate(context, size, sheet->path, &memory);
    if (status) return status;
    double *row = memory, *labels = row + sheet->targets->columns;
    status = read_labels(context, sheet, row, labels, &count);
    schema->number_classes = true;
    if (!status) {
        qsort(labels, count, sizeof *labels, compare_doubles);
        status = name_classes(context, sheet, labels, count, schema);
    }
    gd_release(&context->allocator, memory, size);
    return status;
}

/* A number that is no finite fp32 one. */
static gradus_status refuse(const gd_reading *r, const char *what, size_t sample, size_t column, double value) {
    const char *path = r->sheet->path;
    if (value != value)
        return gd_fail(r->context, GRADUS_BAD_DATA, "%s: row %zu, column %zu: a missing %s (NaN): replace it, or train with missing = drop%s", path,
                       sample + 1, column + 1, what, what[0] == 'v' ? ", mean, median or most-frequent" : "");
    return gd_fail(r->context, GRADUS_BAD_DATA, "%s: row %zu, column %zu: %g is not a finite fp32 number", path, sample + 1, column + 1, value);
}

static bool may_miss(const gd_reading *r) {
    return r->sheet->missing > GRADUS_MISSING_DROP || (r->sheet->missing == GRADUS_MISSING_DROP && !r->sheet->targets_optional);
}

static gradus_status read_inputs(gd_reading *r, size_t sample) {
    const gradus_tensor *inputs = &r->dataset->inputs;
    float *to = (float *)(void *)gd_dataset_row(r->dataset, sample);
    if (inputs->dtype == GRADUS_DTYPE_U8 && r->sheet->region.data) return GRADUS_OK;
    gd_npy_row(r->sheet->inputs, sample, r->inputs);
    for (size_t i = 0; i < inputs->columns; i++) {
        const size_t column = column_of(r->sheet->input_columns, i);
        const float value = (float)r->inputs[column];
        if (!isfinite(value) && !(value != value && may_miss(r))) return refuse(r, "value", sample, column, r->inputs[column]);
        if (r->sheet->region.data) continue;
        if (inputs->dtype == GRADUS_DTYPE_U8)
            ((uint8_t *)(void *)to)[i] = (uint8_t)value;
        else
            to[i] = value;
    }
    return GRADUS_OK;
}

static size_t class_of(const gd_reading *r, double label) {
    if (!r->class_values) return label >= 0.0 && label < (double)r->classes && label == (double)(size_t)label ? (size_t)label : SIZE_MAX;
    const double *found = bsearch(&label, r->class_values, r->classes, sizeof label, compare_doubles);
    return found ? (size_t)(found - r->class_values) : SIZE_MAX;
}

static gradus_status unknown_class(const gd_reading *r, size_t sample, double label) {
    const gradus_schema *schema = r->dataset->schema;
    return gd_fail(r->context, GRADUS_BAD_DATA, "%s: row %zu: label %g is no class that is known; there are %zu, from %.40s to %.40s", r->sheet->path,
                   sample + 1, label, r->classes, gd_names_at(&schema->classes, 0), gd_names_at(&schema->classes, r->classes - 1));
}

static gradus_status read_target(gd_reading *r, size_t sample, size_t target) {
    const size_t column = column_of(r->sheet->target_columns, target);
    const double value = r->targets[column];
    const bool classes = r->dataset->schema->task == GRADUS_TASK_CLASSIFICATION, bad = !isfinite((float)value);
    const size_t index = classes && !bad ? class_of(r, value) : 0;
    if (classes)
        gd_dataset_set_class(r->dataset, sample, index == SIZE_MAX ? 0 : index);
    else
        ((float *)r->dataset->targets.data)[sample * r->dataset->targets.columns + target] = (float)value;
    if (!bad && index != SIZE_MAX) return GRADUS_OK;
    r->lost = r->sheet->targets_optional;
    if (r->lost) return GRADUS_OK;
    if (!bad) return unknown_class(r, sample, value);
    if (value == value || r->sheet->missing != GRADUS_MISSING_DROP || r->dataset->inputs.dtype != GRADUS_DTYPE_F32)
        return refuse(r, "target", sample, column, value);
    *(float *)(void *)gd_dataset_row(r->dataset, sample) = NAN; /* so that it is dropped */
    return GRADUS_OK;
}

static gradus_status read_samples(gd_reading *r) {
    gradus_status status = GRADUS_OK;
    const gd_sheet *sheet = r->sheet;
    for (size_t i = 0; i < r->dataset->samples && !status; i++) {
        status = read_inputs(r, i);
        if (!sheet->targets || status || r->lost) continue;
        gd_npy_row(sheet->targets, i, r->targets);
        for (size_t j = 0; j < r->dataset->schema->targets && !status && !r->lost; j++) status = read_target(r, i, j);
    }
    return status;
}

static void find_class_values(gd_reading *r, double *values) {
    const gradus_schema *schema = r->dataset->schema;
    r->classes = gd_names_count(&schema->classes);
    if (!schema->number_classes) return;
    r->class_values = values;
    for (size_t i = 0; i < r->classes; i++) {
        const char *name = gd_names_at(&schema->classes, i);
        if (!gd_parse_double(name, strlen(name), &values[i])) values[i] = NAN;
    }
}

static gradus_status read_all(gd_reading *r) {
    void *memory;
    const size_t inputs = r->sheet->inputs->columns, targets = r->sheet->targets ? r->sheet->targets->columns : 0;
    const size_t size = (inputs + targets + gd_names_count(&r->dataset->schema->classes)) * sizeof(double);
    gradus_status status = gd_context_allocate(r->context, size, r->sheet->path, &memory);
    if (status) return status;
    r->inputs = memory;
    r->targets = r->inputs + inputs;
    find_class_values(r, r->targets + targets);
    status = read_samples(r);
    gd_release(&r->context->allocator, memory, size);
    return status;
}

gradus_status gd_sheet_make(gradus_context *context, const gd_sheet *sheet, const char *source, gradus_schema *schema, gradus_dataset **dataset) {
    gradus_dataset *made;
    gd_region region = sheet->region;
    const size_t samples = sheet->inputs->samples;
    gradus_status status =
        region.data ? gd_dataset_create_bare(context, source, schema, samples, &made) : gd_dataset_create(context, source, schema, samples, &made);
    if (status) {
        gd_region_release(&context->allocator, &region);
        return status;
    }
    if (region.data) gd_dataset_place(made, region, sheet->offset, sheet->row_stride);
    gd_reading reading = {.context = context, .sheet = sheet, .dataset = made};
    status = read_all(&reading);
    if (!sheet->targets || reading.lost) gd_dataset_drop_targets(made);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *dataset = made;
    return status;
}
