/* Missing values, NaN among the inputs: samples are dropped, or the values replaced by what their column usually has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "data/column_sums.h"
#include "data/table.h"

static bool row_has_gap(const float *row, size_t features) {
    for (size_t i = 0; i < features; i++)
        if (row[i] != row[i]) return true;
    return false;
}

static void move_sample(gradus_dataset *dataset, size_t from, size_t to) {
    const size_t width = dataset->inputs.columns, targets = dataset->targets.columns;
    float *numbers = dataset->targets.data;
    if (from == to) return;
    memcpy(gd_dataset_row(dataset, to), gd_dataset_row(dataset, from), width * sizeof(float));
    if (gd_dataset_has_classes(dataset))
        gd_dataset_set_class(dataset, to, gd_dataset_class(dataset, from));
    else if (numbers)
        memcpy(numbers + to * targets, numbers + from * targets, targets * sizeof *numbers);
}

static gradus_status drop_rows(gradus_context *context, gradus_dataset *dataset) {
    size_t kept = 0;
    for (size_t i = 0; i < dataset->samples; i++)
        if (!row_has_gap((const float *)(void *)gd_dataset_row(dataset, i), dataset->inputs.columns)) move_sample(dataset, i, kept++);
    if (kept == 0)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: each of its %zu rows has a missing value: nothing is left", dataset->source, dataset->samples);
    if (kept < dataset->samples)
        gd_log_message(context, GRADUS_LOG_INFO, "%s: %zu of %zu rows dropped for missing values", dataset->source, dataset->samples - kept,
                       dataset->samples);
    dataset->samples = dataset->inputs.rows = kept;
    if (gd_dataset_has_classes(dataset))
        dataset->targets.columns = kept;
    else if (dataset->targets.data)
        dataset->targets.rows = kept;
    return GRADUS_OK;
}

static int compare_floats(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The longest run of equal values, the first of equally long ones. */
static double most_frequent(const float *sorted, size_t count) {
    size_t best = 0, longest = 0, begin = 0;
    for (size_t i = 1; i <= count; i++) {
        if (i < count && sorted[i] == sorted[begin]) continue;
        if (i - begin > longest) {
            longest = i - begin;
            best = begin;
        }
        begin = i;
    }
    return (double)sorted[best];
}

static double median(const float *sorted, size_t count) {
    return count % 2 == 1 ? (double)sorted[count / 2] : ((double)sorted[count / 2 - 1] + (double)sorted[count / 2]) / 2.0;
}

/* The values of a feature that are there, in present[samples]. */
static size_t gather(const gradus_dataset *dataset, size_t feature, float *present) {
    size_t count = 0;
    for (size_t i = 0; i < dataset->samples; i++) {
        const float value = ((const float *)(void *)gd_dataset_row(dataset, i))[feature];
        if (value == value) present[count++] = value;
    }
    return count;
}

static bool learn_number(const gradus_dataset *dataset, gd_column *column, gradus_missing missing, float *present) {
    const size_t count = gather(dataset, column->first, present);
    if (count == 0) return false;
    if (missing == GRADUS_MISSING_MEAN) {
        column->fill = gd_sum_floats(present, count) / (double)count;
        return true;
    }
    qsort(present, count, sizeof *present, compare_floats);
    column->fill = missing == GRADUS_MISSING_MEDIAN ? median(present, count) : most_frequent(present, count);
    return true;
}

/* The category of most samples. */
static bool learn_category(const gradus_dataset *dataset, gd_column *column, float *present) {
    double most = 0.0;
    for (size_t i = 0; i < column->categories; i++) {
        const double sum = gd_sum_floats(present, gather(dataset, column->first + i, present));
        if (sum <= most) continue;
        most = sum;
        column->fill = (double)i;
    }
    return most > 0.0;
}

static gradus_status learn_fills(gradus_context *context, gradus_dataset *dataset, gradus_missing missing) {
    void *memory;
    const size_t size = dataset->samples * sizeof(float);
    gradus_schema *schema = dataset->schema;
    gradus_status status = gd_context_allocate(context, size, dataset->source, &memory);
    if (status) return status;
    for (size_t i = 0; i < schema->column_count && !status; i++) {
        gd_column *column = &schema->columns[i];
        if (column->role != GD_ROLE_INPUT) continue;
        column->filled = column->categorical ? learn_category(dataset, column, memory) : learn_number(dataset, column, missing, memory);
        if (!column->filled)
            status = gd_fail(context, GRADUS_BAD_DATA, "%s: column %zu (%s): every value is missing: ignore it", dataset->source, i + 1,
                             gd_schema_column_name(schema, i));
    }
    gd_release(&context->allocator, memory, size);
    return status;
}

static void fill_column(gradus_dataset *dataset, const gd_column *column) {
    const size_t width = column->categorical ? column->categories : 1;
    for (size_t i = 0; i < dataset->samples; i++) {
        float *row = (float *)(void *)gd_dataset_row(dataset, i) + column->first;
        if (row[0] == row[0]) continue;
        for (size_t j = 0; j < width; j++) row[j] = column->categorical ? (float)((double)j == column->fill) : (float)column->fill;
    }
}

gradus_status gd_settle_missing(gradus_context *context, gradus_dataset *dataset, gradus_missing missing, bool learn) {
    if (missing == GRADUS_MISSING_ERROR || dataset->inputs.dtype != GRADUS_DTYPE_F32) return GRADUS_OK;
    if (missing == GRADUS_MISSING_DROP) return drop_rows(context, dataset);
    gradus_status status = learn ? learn_fills(context, dataset, missing) : GRADUS_OK;
    for (size_t i = 0; i < dataset->schema->column_count && !status; i++)
        if (dataset->schema->columns[i].role == GD_ROLE_INPUT) fill_column(dataset, &dataset->schema->columns[i]);
    return status;
}
