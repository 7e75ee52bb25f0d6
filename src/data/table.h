/* Tables of text: finding out what their columns are, and turning their rows into numbers. */
#ifndef GD_DATA_TABLE_H
#define GD_DATA_TABLE_H

#include "data/csv.h"
#include "data/dataset.h"
#include "data/value.h"

/* What a column's fields are, below the header if there is one. */
typedef struct gd_profile {
    size_t numbers, points, commas, infinite, texts;
    size_t odd_row;    /* of the first field that is text or infinite */
    gd_value first;    /* what the first row's field is ... */
    bool first_recurs; /* ... and whether it comes again below, where all columns are text */
} gd_profile;

typedef struct gd_table {
    gd_csv csv;
    bool commas; /* decimal commas are possible: the delimiter is another */
    bool header; /* row 0 is no sample */
    gd_profile *profiles;
} gd_table;

/* Reads a table and profiles its columns; header as the config says, AUTO: by the profiles. Errors: as gd_csv_read. */
gradus_status gd_table_read(gradus_context *context, const char *source, char delimiter, gradus_header header, gd_table *table);
void gd_table_free(gd_table *table);

/* Whether the first row is a header, and counting it among the samples where it is none. */
bool gd_table_has_header(const gd_table *table);
void gd_table_set_header(gd_table *table, bool header);
static inline size_t gd_table_samples(const gd_table *table) { return table->csv.rows - table->header; }

/* The first field of the samples. */
const char *gd_table_begin(const gd_table *table);

/* table_schema.c: the schema that the config makes of a table. */
gradus_status gd_table_schema(gradus_context *context, const gd_table *table, const gradus_dataset_config *config, gradus_schema **schema);

/* table_distinct.c: fills in the categories of the schema's categorical columns and, for classification, the classes. */
gradus_status gd_table_categories(gradus_context *context, const gd_table *table, gradus_schema *schema);

/* table_fill.c: a data set of the samples. columns[i] is what the file's column i is in the schema, SIZE_MAX: nothing. Missing inputs become NaN where
 * they are no error. with_targets: the file has them; they are taken away again where targets_optional and one is missing or unknown. The schema
 * becomes the data set's, in any case. */
typedef struct gd_filling {
    const gd_table *table;
    const size_t *columns;
    gradus_missing missing;
    bool with_targets, targets_optional;
} gd_filling;
gradus_status gd_table_fill(gradus_context *context, const gd_filling *filling, const char *source, gradus_schema *schema, gradus_dataset **dataset);

/* columns.c: which columns a list of names and numbers means. chosen[count] is set for those, others are left alone. `where` and `option` are for the
 * message. Errors: INVALID_ARGUMENT (no such column, or several of that name). */
gradus_status gd_choose_columns(gradus_context *context, const char *where, const char *option, const char *list, const gradus_schema *schema,
                                bool *chosen);

/* missing.c: drops the samples with a NaN among their inputs, or fills them in: by the schema, whose fills are found first where `learn` is set. */
gradus_status gd_settle_missing(gradus_context *context, gradus_dataset *dataset, gradus_missing missing, bool learn);

#endif
