/* The inside of a data set, and the sources that make them. */
#ifndef GD_DATA_DATASET_H
#define GD_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/dataset.h>

#include "data/schema.h"

/* An array's memory: a block of the allocator's, or a mapped file. */
typedef struct gd_region {
    void *data;
    size_t size;
    bool mapped;
} gd_region;

struct gradus_dataset {
    gradus_allocator allocator;
    gradus_schema *schema;
    size_t samples;
    gradus_tensor inputs, targets; /* views of the regions */
    gd_region inputs_region, targets_region;
    char *source;
    size_t source_size;
    bool is_test;
};

/* A data set with room for `samples` samples of the schema's features and their targets: classes are U8 up to 256, else I32.
 * Whoever fills it in sets both. The schema becomes the data set's, in any case: it is destroyed on failure. `source` is copied. */
gradus_status gd_dataset_create(gradus_context *context, const char *source, gradus_schema *schema, size_t samples, gradus_dataset **dataset);

/* The same, without room for inputs: gd_dataset_place gives them a region, which becomes the data set's, `offset` bytes into it a row after another,
 * `row_stride` elements apart. */
gradus_status gd_dataset_create_bare(gradus_context *context, const char *source, gradus_schema *schema, size_t samples, gradus_dataset **dataset);
void gd_dataset_place(gradus_dataset *dataset, gd_region region, size_t offset, size_t row_stride);

/* Pictures and their U8 labels; the schema is made, without classes: gd_schema_count_classes adds them. */
gradus_status gd_dataset_create_pictures(gradus_context *context, const char *source, size_t samples, size_t height, size_t width,
                                         gradus_dataset **dataset);
gradus_status gd_pictures_schema(gradus_context *context, size_t height, size_t width, gradus_schema **schema);

/* Takes the targets away. */
void gd_dataset_drop_targets(gradus_dataset *dataset);

/* Copies of the samples rows[0 .. count), with a copy of the schema. */
gradus_status gd_dataset_select(gradus_context *context, const gradus_dataset *dataset, const uint32_t *rows, size_t count,
                                gradus_dataset **selected);

static inline size_t gd_dtype_size(gradus_dtype dtype) { return dtype == GRADUS_DTYPE_U8 ? 1 : 4; }
static inline bool gd_dataset_has_classes(const gradus_dataset *dataset) {
    return dataset->targets.data && dataset->targets.dtype != GRADUS_DTYPE_F32;
}

/* Sets and gives the class of a sample. */
static inline void gd_dataset_set_class(gradus_dataset *dataset, size_t sample, size_t class_index) {
    if (dataset->targets.dtype == GRADUS_DTYPE_U8)
        ((uint8_t *)dataset->targets.data)[sample] = (uint8_t)class_index;
    else
        ((int32_t *)dataset->targets.data)[sample] = (int32_t)class_index;
}
static inline size_t gd_dataset_class(const gradus_dataset *dataset, size_t sample) {
    return dataset->targets.dtype == GRADUS_DTYPE_U8 ? ((const uint8_t *)dataset->targets.data)[sample]
                                                     : (size_t)((const int32_t *)dataset->targets.data)[sample];
}

/* The first byte of a sample's inputs. */
static inline uint8_t *gd_dataset_row(const gradus_dataset *dataset, size_t sample) {
    return (uint8_t *)dataset->inputs.data + sample * (size_t)dataset->inputs.row_stride * gd_dtype_size(dataset->inputs.dtype);
}

/* What opens a source: a config, or (config NULL) another set's schema. */
typedef struct gd_opening {
    const char *source;
    const gradus_dataset_config *config;
    const gradus_schema *schema;
    bool targets_optional;
} gd_opening;

/* Built-in sets and folders of IDX files: *train and *test are untouched on failure; *test is left alone where there is no test set, too. */
gradus_status gd_digits_open(gradus_context *context, gradus_dataset **train, gradus_dataset **test);
gradus_status gd_moons_open(gradus_context *context, gradus_dataset **train, gradus_dataset **test);
gradus_status gd_line_open(gradus_context *context, const char *source, gradus_dataset **train);
gradus_status gd_idx_open(gradus_context *context, const char *folder, gradus_dataset **train, gradus_dataset **test);

/* Files (table.c, npy_open.c, npz.c); *test only where the file brings a test set. */
gradus_status gd_table_open(gradus_context *context, const gd_opening *opening, gradus_dataset **train);
gradus_status gd_npy_open(gradus_context *context, const gd_opening *opening, gradus_dataset **train);
gradus_status gd_npz_open(gradus_context *context, const gd_opening *opening, gradus_dataset **train, gradus_dataset **test);

/* What opening->config says of missing values, or its schema. */
static inline gradus_missing gd_opening_missing(const gd_opening *opening) {
    return opening->config ? opening->config->missing : gradus_schema_missing(opening->schema);
}

#endif
