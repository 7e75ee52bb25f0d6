/* Arrays of numbers as samples: which elements are inputs and which targets, and the data sets made of them. */
#ifndef GD_DATA_SHEET_H
#define GD_DATA_SHEET_H

#include "data/dataset.h"
#include "data/npy.h"

typedef struct gd_sheet {
    const char *path;
    const gd_npy *inputs, *targets;         /* the same array, or two of as many samples; targets NULL: there are none */
    size_t *input_columns, *target_columns; /* which of the arrays' columns, [features] and [targets]; NULL: all, in order */
    gradus_missing missing;
    bool targets_optional;
    gd_region region; /* where the inputs lie, if the data set is to keep them there; data NULL: they are copied */
    size_t offset, row_stride;
} gd_sheet;

/* The classes of a schema without any: the distinct values of the one target. BAD_DATA: too many, too few, missing. */
gradus_status gd_sheet_learn_classes(gradus_context *context, const gd_sheet *sheet, gradus_schema *schema);

/* The data set. The schema and the region become its own, in any case: they are destroyed on
 * failure. */
gradus_status gd_sheet_make(gradus_context *context, const gd_sheet *sheet, const char *source, gradus_schema *schema, gradus_dataset **dataset);

/* The bytes of a whole file, plain or gzip, region->data[0 .. *size): read, or mapped from gd_map_from on. */
gradus_status gd_region_read(gradus_context *context, const char *path, gd_region *region, size_t *size);
void gd_region_release(const gradus_allocator *allocator, gd_region *region);

#endif
