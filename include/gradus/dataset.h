/* Data sets in memory: built-in ones, folders of IDX files, CSV tables, NumPy arrays; splitting and scaling them. */
#ifndef GRADUS_DATASET_H
#define GRADUS_DATASET_H

#include <gradus/context.h>
#include <gradus/schema.h>
#include <gradus/tensor.h>

GRADUS_BEGIN_DECLS

/* Samples with their targets. Never changed after it is made: any number of threads may read it. */
typedef struct gradus_dataset gradus_dataset;

/* Whether a table's first row holds the columns' names. AUTO: it does if none of its fields is a number and a column below one of them holds
 * numbers; where all columns are text, if none of its fields comes again in its column. */
#define GRADUS_HEADER_MAP(XX) \
    XX(1, AUTO, "auto") \
    XX(2, YES, "yes") \
    XX(3, NO, "no")

typedef int32_t gradus_header;
#define GRADUS_HEADER_ENUM(number, NAME, name) GRADUS_HEADER_##NAME = (number),
enum { GRADUS_HEADER_MAP(GRADUS_HEADER_ENUM) GRADUS_HEADER_UNSET = 0 };
#undef GRADUS_HEADER_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Static strings. Thread-safe. */
GRADUS_API gradus_header gradus_header_from_name(const char *name);
GRADUS_API const char *gradus_header_name(gradus_header header);

/* How files are to be understood. Lists of columns are names or numbers from 1, separated by commas ("price", "4,5"); a name wins over a number, and
 * a text that is a column's name as a whole is that column. */
typedef struct gradus_dataset_config {
    size_t struct_size;
    const char *targets;     /* the columns to predict; NULL or "": the last column that is not ignored */
    const char *ignore;      /* columns to leave out; NULL or "": none */
    const char *categorical; /* numeric columns whose numbers are only names (codes of a city, a month); NULL or "": none. Tables only */
    gradus_task task;        /* CLASSIFICATION takes a numeric target's distinct values as classes */
    gradus_missing missing;
    gradus_header header; /* tables only */
    int32_t delimiter;    /* between a table's fields: ',', ';' or '\t'; 0: found */
} gradus_dataset_config;

/* Defaults: the last column is the target; AUTO, ERROR, AUTO, the delimiter is found. */
GRADUS_API void gradus_dataset_config_init_sized(gradus_dataset_config *config, size_t struct_size);
static inline void gradus_dataset_config_init(gradus_dataset_config *config) { gradus_dataset_config_init_sized(config, sizeof *config); }

/* Opens a data set by name or path; docs/data.md describes each kind:
 *   "digits"   the built-in set: 28x28 grey pictures of the ten digits, drawn by the library itself from a fixed seed, 10,000 to train, 2,000 to
 *              test; the same pictures on every machine
 *   "line"     100 points y = 4 + 3x + noise, x uniform in [0, 2), standard normal noise; "line:N" has N, 1 to 2^24, the first ones the same
 *   "moons"    two interleaved half circles with noise, two classes, 1,000 points to train, 500 to test
 *   a folder   with train-images-idx3-ubyte and train-labels-idx1-ubyte, each plain or .gz, and, if they are there, t10k-images-idx3-ubyte and
 *              t10k-labels-idx1-ubyte as the test set (the names of MNIST and its kin)
 *   a file     an .npy matrix, an .npz archive of arrays, or, whatever its name, a table as CSV; plain or gzip. A pipe is read as a table
 *   "-"        standard input, a table
 * What a file is, its first bytes tell. A built-in name wins over a file of that name: write ./digits for the file.
 * config may be NULL: the defaults. Built-in sets and IDX files use none of it.
 * *test is NULL where there is no test set. Both are NULL on failure; neither pointer may be NULL.
 * Errors: INVALID_ARGUMENT (config: a column that is not there), IO (cannot read), BAD_DATA (not what it claims, or not to be used as config says;
 * the message names the file, the place and what was expected), OUT_OF_MEMORY, UNSUPPORTED (gzip in a build without zlib). A file never makes the
 * library use more memory than a multiple of what its header declares and its size allows; docs/data.md has the multiples.
 * Uncompressed IDX pictures and arrays of at least 64 MiB are mapped into memory, not copied, so that they may be larger than it. Such a file must not
 * be cut or rewritten while the data set lives: reading what is gone ends the process (SIGBUS), as it does for any mapped file. */
GRADUS_API gradus_status gradus_dataset_open(gradus_context *context, const char *source, const gradus_dataset_config *config, gradus_dataset **train,
                                             gradus_dataset **test);

/* TARGETS_OPTIONAL: samples to predict. Targets are read if all are there and known; else the data set has none. */
enum { GRADUS_OPEN_TARGETS_OPTIONAL = 1 };

/* Opens another source as the schema says, to evaluate or predict with a model trained on such data: the test set of a source that brings one (see
 * gradus_dataset_is_test), else its only set. A table's columns are found by their names where both the schema and the file have them (the file may
 * have more, in any order), else by position; then the file has all of the columns that the schema's had, or all but the targets. Missing values are
 * replaced by the schema's. With TARGETS_OPTIONAL a sample is never dropped: a missing value that the schema does not replace is an error.
 * Errors: as gradus_dataset_open; BAD_DATA also for a category or class that the schema does not know, and for another number of features. */
GRADUS_API gradus_status gradus_dataset_open_as(gradus_context *context, const char *source, const gradus_schema *schema, uint32_t flags,
                                                gradus_dataset **dataset);
GRADUS_API void gradus_dataset_destroy(gradus_context *context, gradus_dataset *dataset);

/* The number of samples; the inputs [samples, features], U8 or F32; the targets: classes, a U8 or I32 vector of `samples`, or numbers, F32 [samples,
 * targets]; data = NULL and no elements where there are none. A net takes both as they are. The tensors are views that live as long as the data set:
 * read only (they may lie in read-only memory); rows of inputs may be further apart than their columns, see row_stride. Thread-safe. */
GRADUS_API size_t gradus_dataset_samples(const gradus_dataset *dataset);
GRADUS_API gradus_tensor gradus_dataset_inputs(const gradus_dataset *dataset);
GRADUS_API gradus_tensor gradus_dataset_targets(const gradus_dataset *dataset);

/* How many classes there are, 0 for regression; the pictures' height and width, 0 and 0 where the inputs are no pictures. Thread-safe. */
GRADUS_API size_t gradus_dataset_classes(const gradus_dataset *dataset);
GRADUS_API size_t gradus_dataset_height(const gradus_dataset *dataset);
GRADUS_API size_t gradus_dataset_width(const gradus_dataset *dataset);

/* How its columns were understood; valid as long as the data set. Thread-safe. */
GRADUS_API const gradus_schema *gradus_dataset_schema(const gradus_dataset *dataset);

/* Where it came from: the built-in set's name, or the path of the file of inputs ("-" for standard input). Valid as long as the data set. */
GRADUS_API const char *gradus_dataset_source(const gradus_dataset *dataset);

/* 1: the source brought it as its test set; else 0. Thread-safe. */
GRADUS_API int gradus_dataset_is_test(const gradus_dataset *dataset);

/* Splits a data set into copies of its samples, at random: *held_out gets `fraction` of them, 0 < fraction < 1, at least one, *train the rest, at least
 * one. Of classes each keeps its share, as nearly as whole samples allow (largest remainders; of equal ones the lower class first). Samples keep
 * their order. The same seed and data give the same split on every machine (docs/numerics.md, section 9). At most 2^22 samples. Both are NULL on
 * failure. Errors: INVALID_ARGUMENT (NULL, a fraction out of range, fewer than two samples), UNSUPPORTED (more samples), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_dataset_split(gradus_context *context, const gradus_dataset *dataset, double fraction, uint64_t seed,
                                              gradus_dataset **train, gradus_dataset **held_out);

/* How inputs are brought to one scale: x' = (float)(((double)x - shift)*factor). STANDARD: shift = the mean, factor = 1/the standard deviation (of
 * the samples themselves, the sum of squares divided by their number). MINMAX: shift = the least value, factor = 1/(greatest - least), so that x' is
 * in [0, 1]. */
#define GRADUS_SCALING_MAP(XX) \
    XX(1, NONE, "none") \
    XX(2, STANDARD, "standard") \
    XX(3, MINMAX, "minmax")

typedef int32_t gradus_scaling;
#define GRADUS_SCALING_ENUM(number, NAME, name) GRADUS_SCALING_##NAME = (number),
enum { GRADUS_SCALING_MAP(GRADUS_SCALING_ENUM) GRADUS_SCALING_UNSET = 0 };
#undef GRADUS_SCALING_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Static strings. Thread-safe. */
GRADUS_API gradus_scaling gradus_scaling_from_name(const char *name);
GRADUS_API const char *gradus_scaling_name(gradus_scaling scaling);

/* The inputs' shift and factor, [features] each, by docs/numerics.md, section 5. A column that is the same in all samples gets its value as the shift
 * and the factor 1; features of a categorical column, and all with NONE, get 0 and 1: they stay as they are. U8 inputs count as u/255.
 * Errors: INVALID_ARGUMENT (NULL, an unknown kind), OUT_OF_MEMORY. The arrays are unchanged then. */
GRADUS_API gradus_status gradus_dataset_scaling(gradus_context *context, const gradus_dataset *dataset, gradus_scaling kind, double *shift,
                                                double *factor);

/* Weights that make all classes count alike: weight[k] = samples/(classes * samples of class k), [classes]; 0 for a class without samples.
 * Errors: INVALID_ARGUMENT (NULL, no classes or no targets). */
GRADUS_API gradus_status gradus_dataset_class_weights(gradus_context *context, const gradus_dataset *dataset, double *weights);

GRADUS_END_DECLS

#endif
