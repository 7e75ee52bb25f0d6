/* The inside of a data set, and the sources that make them. */
#ifndef GD_DATA_DATASET_H
#define GD_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/dataset.h>

struct gradus_dataset {
    gradus_allocator allocator;
    size_t samples, height, width, classes;
    uint8_t *inputs;  /* [samples, height*width] */
    uint8_t *targets; /* [samples] */
    char *source;
    size_t inputs_size, source_size; /* bytes, for the release */
};

/* A data set with room for its samples; whoever fills it in sets inputs, targets and classes. `source` is copied. */
gradus_status gd_dataset_create(gradus_context *context, const char *source, size_t samples, size_t height, size_t width, gradus_dataset **dataset);

/* The built-in digits (digits.c). *train and *test are untouched on failure. */
gradus_status gd_digits_open(gradus_context *context, gradus_dataset **train, gradus_dataset **test);

/* A folder of IDX files (idx.c). *train and *test are untouched on failure; *test is left alone where there is no test set, too. */
gradus_status gd_idx_open(gradus_context *context, const char *folder, gradus_dataset **train, gradus_dataset **test);

#endif
