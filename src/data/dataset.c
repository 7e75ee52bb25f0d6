/* Data sets in memory: making them, and what they say of themselves. */
#include "data/dataset.h"

#include <string.h>
#include <sys/mman.h>

#include "base/context.h"

static void release_region(const gradus_allocator *allocator, gd_region *region) {
    if (region->mapped)
        munmap(region->data, region->size);
    else
        gd_release(allocator, region->data, region->size);
    *region = (gd_region){NULL, 0, false};
}

static gradus_status allocate_region(gradus_context *context, const char *source, size_t rows, size_t columns, gradus_dtype dtype,
                                     gd_region *region) {
    size_t elements, size;
    if (!gd_size_multiply(rows, columns, &elements) || !gd_size_multiply(elements, gd_dtype_size(dtype), &size))
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: %zu samples of %zu numbers do not fit in memory", source, rows, columns);
    void *memory;
    gradus_status status = gd_context_allocate(context, size, source, &memory);
    if (!status) *region = (gd_region){memory, size, false};
    return status;
}

static gradus_status make_targets(gradus_context *context, gradus_dataset *dataset) {
    const gradus_schema *schema = dataset->schema;
    const bool numbers = schema->task == GRADUS_TASK_REGRESSION;
    const gradus_dtype dtype = numbers ? GRADUS_DTYPE_F32 : gd_names_count(&schema->classes) > 256 ? GRADUS_DTYPE_I32 : GRADUS_DTYPE_U8;
    const size_t columns = numbers ? schema->targets : 1;
    gradus_status status = allocate_region(context, dataset->source, dataset->samples, columns, dtype, &dataset->targets_region);
    if (status) return status;
    dataset->targets = numbers ? gradus_tensor_matrix(dtype, dataset->targets_region.data, dataset->samples, columns)
                               : gradus_tensor_vector(dtype, dataset->targets_region.data, dataset->samples);
    return GRADUS_OK;
}

gradus_status gd_dataset_create_bare(gradus_context *context, const char *source, gradus_schema *schema, size_t samples, gradus_dataset **dataset) {
    void *memory = NULL, *name = NULL;
    const size_t source_size = strlen(source) + 1;
    gradus_status status = gd_context_allocate(context, sizeof(gradus_dataset), source, &memory);
    if (!status) status = gd_context_allocate(context, source_size, source, &name);
    if (status) {
        gd_release(&context->allocator, memory, sizeof(gradus_dataset));
        gradus_schema_destroy(context, schema);
        return status;
    }
    memcpy(name, source, source_size);
    gradus_dataset *made = memory;
    *made = (gradus_dataset){.allocator = context->allocator, .schema = schema, .samples = samples, .source = name, .source_size = source_size};
    made->targets = gradus_tensor_vector(GRADUS_DTYPE_U8, NULL, 0);
    status = make_targets(context, made);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *dataset = made;
    return status;
}

void gd_dataset_place(gradus_dataset *dataset, gd_region region, size_t offset, size_t row_stride) {
    const gradus_schema *schema = dataset->schema;
    dataset->inputs_region = region;
    dataset->inputs = gradus_tensor_matrix(schema->dtype, (uint8_t *)region.data + offset, dataset->samples, schema->features);
    dataset->inputs.row_stride = (ptrdiff_t)row_stride;
    dataset->inputs.batch_stride = (ptrdiff_t)(dataset->samples * row_stride);
}

gradus_status gd_dataset_create(gradus_context *context, const char *source, gradus_schema *schema, size_t samples, gradus_dataset **dataset) {
    gd_region region = {NULL, 0, false};
    gradus_dataset *made;
    gradus_status status = gd_dataset_create_bare(context, source, schema, samples, &made);
    if (status) return status;
    status = allocate_region(context, source, samples, schema->features, schema->dtype, &region);
    if (status) {
        gradus_dataset_destroy(context, made);
        return status;
    }
    gd_dataset_place(made, region, 0, schema->features);
    *dataset = made;
    return GRADUS_OK;
}

gradus_status gd_pictures_schema(gradus_context *context, size_t height, size_t width, gradus_schema **schema) {
    gradus_status status = gd_schema_create(context, 0, schema);
    if (status) return status;
    gradus_schema *made = *schema;
    made->task = GRADUS_TASK_CLASSIFICATION;
    made->dtype = GRADUS_DTYPE_U8;
    made->targets = 1;
    made->height = height;
    made->width = width;
    (void)gd_size_multiply(height, width, &made->features); /* too many do not fit in memory either */
    return GRADUS_OK;
}

gradus_status gd_dataset_create_pictures(gradus_context *context, const char *source, size_t samples, size_t height, size_t width,
                                         gradus_dataset **dataset) {
    gradus_schema *schema;
    gradus_status status = gd_pictures_schema(context, height, width, &schema);
    return status ? status : gd_dataset_create(context, source, schema, samples, dataset);
}

void gd_dataset_drop_targets(gradus_dataset *dataset) {
    release_region(&dataset->allocator, &dataset->targets_region);
    dataset->targets = gradus_tensor_vector(dataset->targets.dtype, NULL, 0);
}

void gradus_dataset_destroy(gradus_context *context, gradus_dataset *dataset) {
    if (!dataset) return;
    gradus_allocator allocator = dataset->allocator;
    release_region(&allocator, &dataset->inputs_region);
    release_region(&allocator, &dataset->targets_region);
    gradus_schema_destroy(context, dataset->schema);
    gd_release(&allocator, dataset->source, dataset->source_size);
    gd_release(&allocator, dataset, sizeof *dataset);
}

/* Rows of a matrix, or elements of a vector, whose columns are its samples. */
static void copy_rows(const gradus_tensor *from, gradus_tensor *to, bool vector, const uint32_t *rows, size_t count) {
    const size_t element = gd_dtype_size(from->dtype), width = vector ? element : from->columns * element;
    const size_t stride = vector ? element : (size_t)from->row_stride * element;
    for (size_t i = 0; i < count; i++) memcpy((uint8_t *)to->data + i * width, (const uint8_t *)from->data + rows[i] * stride, width);
}

gradus_status gd_dataset_select(gradus_context *context, const gradus_dataset *dataset, const uint32_t *rows, size_t count,
                                gradus_dataset **selected) {
    gradus_schema *schema;
    gradus_dataset *made;
    gradus_status status = gradus_schema_copy(context, dataset->schema, &schema);
    if (!status) status = gd_dataset_create(context, dataset->source, schema, count, &made);
    if (status) return status;
    made->is_test = dataset->is_test;
    copy_rows(&dataset->inputs, &made->inputs, false, rows, count);
    if (dataset->targets.data)
        copy_rows(&dataset->targets, &made->targets, gd_dataset_has_classes(dataset), rows, count);
    else
        gd_dataset_drop_targets(made);
    *selected = made;
    return GRADUS_OK;
}

size_t gradus_dataset_samples(const gradus_dataset *dataset) { return dataset->samples; }

gradus_tensor gradus_dataset_inputs(const gradus_dataset *dataset) { return dataset->inputs; }

gradus_tensor gradus_dataset_targets(const gradus_dataset *dataset) { return dataset->targets; }

size_t gradus_dataset_classes(const gradus_dataset *dataset) { return gradus_schema_classes(dataset->schema); }

size_t gradus_dataset_height(const gradus_dataset *dataset) { return dataset->schema->height; }

size_t gradus_dataset_width(const gradus_dataset *dataset) { return dataset->schema->width; }

const gradus_schema *gradus_dataset_schema(const gradus_dataset *dataset) { return dataset->schema; }

const char *gradus_dataset_source(const gradus_dataset *dataset) { return dataset->source; }

int gradus_dataset_is_test(const gradus_dataset *dataset) { return dataset->is_test; }
