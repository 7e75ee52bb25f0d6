/* Opening data sets by name or path: which reader is for which source. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "base/fp.h"
#include "base/io.h"
#include "data/byte_file.h"
#include "data/dataset.h"

void gradus_dataset_config_init_sized(gradus_dataset_config *config, size_t struct_size) {
    const gradus_dataset_config defaults = {.task = GRADUS_TASK_AUTO, .missing = GRADUS_MISSING_ERROR, .header = GRADUS_HEADER_AUTO};
    gd_write_struct(config, struct_size, &defaults, sizeof defaults);
}

static gradus_status check_config(gradus_context *context, const gradus_dataset_config *config) {
    const char *wrong = !gradus_task_name(config->task)         ? "task"
                        : !gradus_missing_name(config->missing) ? "missing"
                        : !gradus_header_name(config->header)   ? "header"
                                                                : NULL;
    if (wrong) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_config: %s has a value that is none of its list's", wrong);
    const int32_t delimiter = config->delimiter;
    if (delimiter == 0 || delimiter == ',' || delimiter == ';' || delimiter == '\t') return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_config: delimiter is %d, expected ',', ';', a tab or 0", (int)delimiter);
}

#define KINDS "DATA is digits, line, moons, a folder of IDX files, a CSV, .npy or .npz file, or - for standard input"

typedef enum gd_kind { GD_KIND_TABLE, GD_KIND_NPY, GD_KIND_NPZ, GD_KIND_IDX } gd_kind;

/* What a regular file's first bytes say it is; a table where nothing else is known. */
static gradus_status look(gradus_context *context, const char *path, gd_kind *kind) {
    static const struct {
        const char *bytes;
        size_t count;
        gd_kind kind;
    } magics[] = {{"\x93NUMPY", 6, GD_KIND_NPY}, {"PK\3\4", 4, GD_KIND_NPZ}, {"PK\5\6", 4, GD_KIND_NPZ}, {"\0\0\10", 3, GD_KIND_IDX}};
    char first[8] = "";
    size_t got = 0;
    gd_byte_file *file;
    gradus_status status = gd_byte_file_open_any(context, path, &file);
    if (status) return status;
    status = gd_byte_file_read(context, file, first, sizeof first, &got);
    gd_byte_file_close(file);
    *kind = GD_KIND_TABLE;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (got >= magics[i].count && memcmp(first, magics[i].bytes, magics[i].count) == 0) *kind = magics[i].kind;
    return status;
}

static gradus_status open_file(gradus_context *context, const gd_opening *opening, gradus_dataset **train, gradus_dataset **test) {
    gd_kind kind;
    gradus_status status = look(context, opening->source, &kind);
    if (status) return status;
    if (kind == GD_KIND_NPY) return gd_npy_open(context, opening, train);
    if (kind == GD_KIND_NPZ) return gd_npz_open(context, opening, train, test);
    if (kind == GD_KIND_IDX)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: a single IDX file; give the folder that it and its labels are in", opening->source);
    return gd_table_open(context, opening, train);
}

static gradus_status open_path(gradus_context *context, const gd_opening *opening, gradus_dataset **train, gradus_dataset **test) {
    struct stat facts;
    if (strcmp(opening->source, "-") == 0) return gd_table_open(context, opening, train);
    if (stat(opening->source, &facts)) {
        const int error = errno;
        if (error == ENOENT) return gd_fail(context, GRADUS_IO, "%s: there is no such file or folder; " KINDS, opening->source);
        return gd_fail_io(context, opening->source, "cannot open it", error);
    }
    if (S_ISDIR(facts.st_mode)) return gd_idx_open(context, opening->source, train, test);
    return S_ISREG(facts.st_mode) ? open_file(context, opening, train, test) : gd_table_open(context, opening, train);
}

static bool is_line(const char *source) { return strncmp(source, "line", 4) == 0 && (source[4] == 0 || source[4] == ':'); }

static gradus_status open_source(gradus_context *context, const gd_opening *opening, gradus_dataset **train, gradus_dataset **test) {
    gradus_status status = strcmp(opening->source, "digits") == 0  ? gd_digits_open(context, train, test)
                           : strcmp(opening->source, "moons") == 0 ? gd_moons_open(context, train, test)
                           : is_line(opening->source)              ? gd_line_open(context, opening->source, train)
                                                                   : open_path(context, opening, train, test);
    if (!status && *test) (*test)->is_test = true;
    return status;
}

GD_NOINLINE static gradus_status open_with_config(gradus_context *context, const char *source, const gradus_dataset_config *given,
                                                  gradus_dataset **train, gradus_dataset **test) {
    gradus_dataset_config config;
    gradus_dataset_config_init(&config);
    gradus_status status = given ? gd_read_struct(context, "gradus_dataset_config", given, &config, sizeof config) : GRADUS_OK;
    if (!status) status = check_config(context, &config);
    const gd_opening opening = {source, &config, NULL, false};
    return status ? status : open_source(context, &opening, train, test);
}

gradus_status gradus_dataset_open(gradus_context *context, const char *source, const gradus_dataset_config *config, gradus_dataset **train,
                                  gradus_dataset **test) {
    if (train) *train = NULL;
    if (test) *test = NULL;
    if (!context || !source || !train || !test)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_open: context, source, train and test must not be NULL");
    int before = errno;
    gd_fp_environment environment = gd_fp_enter();
    gradus_status status = open_with_config(context, source, config, train, test);
    gd_fp_leave(environment);
    if (!status) errno = before;
    return status;
}

/* Built-in sets and arrays do not read themselves by the schema: what they bring must be what it describes. */
static gradus_status check_fit(gradus_context *context, gradus_dataset *dataset, const gd_opening *opening) {
    const gradus_schema *own = dataset->schema, *schema = opening->schema;
    if (own->features != schema->features)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: samples of %zu features, but the model takes %zu: give data of the kind that it was trained on",
                       dataset->source, own->features, schema->features);
    const size_t classes = gd_names_count(&own->classes), known = gd_names_count(&schema->classes);
    const bool fits = own->task == schema->task && own->targets == schema->targets && classes <= known;
    if (fits || !dataset->targets.data) return GRADUS_OK;
    if (opening->targets_optional) {
        gd_dataset_drop_targets(dataset);
        return GRADUS_OK;
    }
    if (classes > known && own->task == schema->task)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: %zu classes, but the model knows %zu: give data of the kind that it was trained on",
                       dataset->source, classes, known);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: its targets are for %s (%zu a sample), the model's for %s (%zu)", dataset->source,
                   gradus_task_name(own->task), own->targets, gradus_task_name(schema->task), schema->targets);
}

/* Gives the data set the schema that it was opened with, so that both name features and classes alike. */
static gradus_status adopt(gradus_context *context, gradus_dataset *dataset, const gradus_schema *schema) {
    gradus_schema *copy;
    gradus_status status = gradus_schema_copy(context, schema, &copy);
    if (status) return status;
    copy->dtype = dataset->schema->dtype;
    gradus_schema_destroy(context, dataset->schema);
    dataset->schema = copy;
    return GRADUS_OK;
}

static GD_NOINLINE gradus_status open_with_schema(gradus_context *context, const gd_opening *opening, gradus_dataset **dataset) {
    gradus_dataset *train = NULL, *test = NULL;
    gradus_status status = open_source(context, opening, &train, &test);
    gradus_dataset *wanted = test ? test : train;
    if (!status) status = check_fit(context, wanted, opening);
    if (!status) status = adopt(context, wanted, opening->schema);
    if (test) gradus_dataset_destroy(context, train);
    if (status) {
        gradus_dataset_destroy(context, wanted);
        return status;
    }
    *dataset = wanted;
    return GRADUS_OK;
}

gradus_status gradus_dataset_open_as(gradus_context *context, const char *source, const gradus_schema *schema, uint32_t flags,
                                     gradus_dataset **dataset) {
    if (dataset) *dataset = NULL;
    if (!context || !source || !schema || !dataset)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_open_as: context, source, schema and dataset must not be NULL");
    if (flags & ~(uint32_t)GRADUS_OPEN_TARGETS_OPTIONAL)
        return gd_fail(context, GRADUS_UNSUPPORTED, "gradus_dataset_open_as: unknown flags 0x%x", (unsigned)flags);
    int before = errno;
    const gd_opening opening = {source, NULL, schema, (flags & GRADUS_OPEN_TARGETS_OPTIONAL) != 0};
    gd_fp_environment environment = gd_fp_enter();
    gradus_status status = open_with_schema(context, &opening, dataset);
    gd_fp_leave(environment);
    if (!status) errno = before;
    return status;
}
