/* Schemas: how a data set's raw columns become a net's inputs, and its outputs answers. A model keeps one, so that other files are read alike. */
#ifndef GRADUS_SCHEMA_H
#define GRADUS_SCHEMA_H

#include <gradus/context.h>

GRADUS_BEGIN_DECLS

/* What is to be learnt: a class of each sample, or numbers. AUTO (before data are seen): text targets are classes, numeric ones numbers. */
#define GRADUS_TASK_MAP(XX) \
    XX(1, AUTO, "auto") \
    XX(2, CLASSIFICATION, "classification") \
    XX(3, REGRESSION, "regression")

/* What a missing value among the inputs (an empty field, NA, N/A, NaN, NULL, ?; a NaN in an array) is: an error; a reason to drop the sample; or
 * replaced by its column's mean, median (of an even count: the mean of the middle two) or most frequent value (the least of equally frequent ones).
 * In a categorical column all three mean the most frequent category. A missing target is never replaced: it is an error, or drops the sample. */
#define GRADUS_MISSING_MAP(XX) \
    XX(1, ERROR, "error") \
    XX(2, DROP, "drop") \
    XX(3, MEAN, "mean") \
    XX(4, MEDIAN, "median") \
    XX(5, MOST_FREQUENT, "most-frequent")

typedef int32_t gradus_task;
typedef int32_t gradus_missing;
#define GRADUS_TASK_ENUM(number, NAME, name) GRADUS_TASK_##NAME = (number),
#define GRADUS_MISSING_ENUM(number, NAME, name) GRADUS_MISSING_##NAME = (number),
enum { GRADUS_TASK_MAP(GRADUS_TASK_ENUM) GRADUS_TASK_UNSET = 0 };
enum { GRADUS_MISSING_MAP(GRADUS_MISSING_ENUM) GRADUS_MISSING_UNSET = 0 };
#undef GRADUS_TASK_ENUM
#undef GRADUS_MISSING_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Static strings. Thread-safe. */
GRADUS_API gradus_task gradus_task_from_name(const char *name);
GRADUS_API const char *gradus_task_name(gradus_task task);
GRADUS_API gradus_missing gradus_missing_from_name(const char *name);
GRADUS_API const char *gradus_missing_name(gradus_missing missing);

/* Never changed after it is made: any number of threads may read it. Every data set has one (gradus_dataset_schema). */
typedef struct gradus_schema gradus_schema;

/* A copy that is the caller's to destroy. *copy is NULL on failure. Errors: INVALID_ARGUMENT (NULL), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_schema_copy(gradus_context *context, const gradus_schema *schema, gradus_schema **copy);
GRADUS_API void gradus_schema_destroy(gradus_context *context, gradus_schema *schema);

/* The schema as a JSON text of one line (docs/formats.md), with a 0 behind it: *needed is its size, the 0 counted. text NULL: only the size is told;
 * else it must have room for `size` >= *needed bytes. The same schema gives the same text everywhere.
 * Errors: INVALID_ARGUMENT (NULL, a size that is too small: *needed tells which would do), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_schema_write(gradus_context *context, const gradus_schema *schema, char *text, size_t size, size_t *needed);

/* Makes a schema of such a text, `size` bytes without the 0, which may come from anywhere: everything is checked. *schema is NULL on failure.
 * Errors: INVALID_ARGUMENT (NULL), BAD_DATA (the message says what is wrong), OUT_OF_MEMORY. Memory is bounded by a multiple of the text's size. */
GRADUS_API gradus_status gradus_schema_parse(gradus_context *context, const char *text, size_t size, gradus_schema **schema);

/* CLASSIFICATION or REGRESSION; what is done with missing values. Thread-safe, as all that follows. */
GRADUS_API gradus_task gradus_schema_task(const gradus_schema *schema);
GRADUS_API gradus_missing gradus_schema_missing(const gradus_schema *schema);

/* How many numbers a sample's inputs are; their element type, F32, or U8 for pictures that a net reads as u/255; the names of the inputs, a
 * categorical column's as COLUMN=CATEGORY ("Sex=F"), NULL where they have none or past the end. Strings are valid as long as the schema. */
GRADUS_API size_t gradus_schema_features(const gradus_schema *schema);
GRADUS_API int32_t gradus_schema_input_dtype(const gradus_schema *schema);
GRADUS_API const char *gradus_schema_feature_name(const gradus_schema *schema, size_t feature);

/* Whether a feature is one of a categorical column's, 0 or 1, of which one is 1. Past the end: 0. */
GRADUS_API int gradus_schema_feature_is_category(const gradus_schema *schema, size_t feature);

/* How many targets a sample has (1 for classification), and their names, NULL where they have none or past the end. */
GRADUS_API size_t gradus_schema_targets(const gradus_schema *schema);
GRADUS_API const char *gradus_schema_target_name(const gradus_schema *schema, size_t target);

/* Classes, 0 for regression, and their names: text labels in byte order, numeric ones ascending ("0", "1", ...). NULL past the end. */
GRADUS_API size_t gradus_schema_classes(const gradus_schema *schema);
GRADUS_API const char *gradus_schema_class_name(const gradus_schema *schema, size_t index);

/* The pictures' height and width (features = height * width); 0 and 0 where the inputs are no pictures. */
GRADUS_API size_t gradus_schema_height(const gradus_schema *schema);
GRADUS_API size_t gradus_schema_width(const gradus_schema *schema);

GRADUS_END_DECLS

#endif
