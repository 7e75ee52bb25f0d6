/* The inside of a schema. */
#ifndef GD_DATA_SCHEMA_H
#define GD_DATA_SCHEMA_H

#include <stdbool.h>

#include <gradus/schema.h>
#include <gradus/tensor.h>

#include "data/names.h"

enum {
    GD_MOST_COLUMNS = 1000000,
    GD_MOST_FEATURES = 1 << 24, /* a net's most inputs */
    GD_MOST_CATEGORIES = 256,   /* of one column */
    GD_MOST_CLASSES = 10000
};

#define GD_SCHEMA_FORMAT "gradus-schema/1"

typedef enum gd_role { GD_ROLE_INPUT, GD_ROLE_TARGET, GD_ROLE_IGNORED } gd_role;

typedef struct gd_column {
    gd_role role;
    bool categorical; /* an input of text */
    bool filled;      /* a missing value is replaced by fill: a number, or a category's index among the column's */
    double fill;
    size_t first_category, categories; /* among the schema's */
    size_t first;                      /* its first feature, or which target it is */
} gd_column;

struct gradus_schema {
    gradus_allocator allocator;
    gradus_task task;
    gradus_missing missing;
    gradus_dtype dtype;
    bool named;          /* the columns' names are from the data, not made up */
    bool number_classes; /* classes are numbers, ascending; else texts in byte order */
    size_t features, targets, height, width;
    gd_column *columns; /* a table's; none where the inputs are one array */
    size_t column_count;
    gd_names names, categories, classes, feature_names;
};

/* A schema of `columns` columns, all inputs of numbers without a name, or of none. No features yet: gd_schema_finish counts a table's. */
gradus_status gd_schema_create(gradus_context *context, size_t columns, gradus_schema **schema);

/* Names the columns "column 1", ... where there are no names yet, and lays out features and targets. BAD_DATA: too many features, none, or no
 * target; `where` begins the message. */
gradus_status gd_schema_finish(gradus_context *context, const char *where, gradus_schema *schema);

/* A schema of F32 numbers without columns as one of so many inputs and targets in columns, for tables. */
gradus_status gd_schema_as_table(gradus_context *context, const gradus_schema *schema, gradus_schema **table);

/* Adds the classes "0" .. "count - 1". */
gradus_status gd_schema_count_classes(gradus_context *context, gradus_schema *schema, size_t count);

static inline const char *gd_schema_column_name(const gradus_schema *schema, size_t column) { return gd_names_at(&schema->names, column); }

/* OUT_OF_MEMORY with a message where one of the lists could not grow. */
gradus_status gd_schema_lists(gradus_context *context, const gradus_schema *schema);

/* The order of class names: as numbers, or by bytes. */
int gd_class_compare(const char *a, const char *b, bool numbers);

/* The index of `text` among `count` ascending names from `first` on; SIZE_MAX: it is none of them. */
size_t gd_names_search(const gd_names *names, size_t first, size_t count, const char *text, bool numbers);

#endif
