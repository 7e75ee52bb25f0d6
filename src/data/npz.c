/* Opening .npz files: arrays of inputs and targets by their usual names, with a test set or without. */
#include <string.h>

#include "base/context.h"
#include "data/mapping.h"
#include "data/sheet.h"
#include "data/table.h"
#include "data/zip.h"
#include "format/utf8.h"

/* The names that arrays have, in lower case; the first that is there is taken. */
static const char *const train_inputs[] = {"x_train", "train_x", "train_images", "train_data", "x", "data",
                                           "images",  "inputs",  "features",     "arr_0",      NULL};
static const char *const train_targets[] = {"y_train", "train_y", "train_labels", "train_targets", "y",     "target",
                                            "targets", "labels",  "label",        "classes",       "arr_1", NULL};
static const char *const test_inputs[] = {"x_test", "test_x", "test_images", "test_data", NULL};
static const char *const test_targets[] = {"y_test", "test_y", "test_labels", "test_targets", NULL};

enum { GD_PART_INPUTS, GD_PART_TARGETS, GD_PART_TEST_INPUTS, GD_PART_TEST_TARGETS, GD_PARTS };
static const char *const *const part_names[GD_PARTS] = {train_inputs, train_targets, test_inputs, test_targets};

/* One array of the archive. */
typedef struct gd_part {
    gd_zip_member member;
    size_t rank; /* of its name in the list; SIZE_MAX: there is none */
    const uint8_t *bytes;
    size_t size;
    bool owned;
    gd_npy array;
} gd_part;

typedef struct gd_archive {
    gradus_context *context;
    const gd_opening *opening;
    gd_region region;
    size_t size;
    gd_zip zip;
    gd_part parts[GD_PARTS];
} gd_archive;

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Whether a member is NAME.npy, whatever its case. */
static bool is_named(const gd_zip_member *member, const char *name) {
    const size_t n = strlen(name);
    if (member->name_size != n + 4 || memcmp(member->name + n, ".npy", 4) != 0) return false;
    for (size_t i = 0; i < n; i++)
        if (lower(member->name[i]) != name[i]) return false;
    return true;
}

static void consider(gd_archive *a, const gd_zip_member *member) {
    for (int i = 0; i < GD_PARTS; i++)
        for (size_t rank = 0; part_names[i][rank] && rank < a->parts[i].rank; rank++)
            if (is_named(member, part_names[i][rank])) {
                a->parts[i].rank = rank;
                a->parts[i].member = *member;
            }
}

static gradus_status find_parts(gd_archive *a) {
    gradus_status status;
    gd_zip_member member;
    char names[160] = "";
    for (int i = 0; i < GD_PARTS; i++) a->parts[i].rank = SIZE_MAX;
    for (size_t at = 0; gd_zip_next(a->context, &a->zip, &at, &member, &status);) {
        const size_t used = strlen(names);
        consider(a, &member);
        if (used + 32 > sizeof names) continue;
        char name[28];
        const size_t n = gd_least(member.name_size, sizeof name - 1);
        memcpy(name, member.name, n);
        name[n] = 0;
        if (used > 0) strcat(names, ", ");
        gd_copy_printable(names + strlen(names), sizeof name, name);
    }
    if (status) return status;
    const bool any = a->parts[GD_PART_INPUTS].rank != SIZE_MAX || a->parts[GD_PART_TEST_INPUTS].rank != SIZE_MAX;
    if (any) return GRADUS_OK;
    return gd_fail(a->context, GRADUS_BAD_DATA,
                   "%s: no array of inputs: expected x_train and y_train (and x_test, y_test), x and y, or data and target; "
                   "there are: %s",
                   a->zip.path, names[0] ? names : "none");
}

static gradus_status read_part(gd_archive *a, int which) {
    gd_part *part = &a->parts[which];
    if (part->rank == SIZE_MAX || part->bytes) return GRADUS_OK;
    gradus_status status = gd_zip_read(a->context, &a->zip, &part->member, &part->bytes, &part->size, &part->owned);
    return status ? status : gd_npy_parse(a->context, a->zip.path, part->bytes, part->size, &part->array);
}

static void release_part(gd_archive *a, int which) {
    gd_part *part = &a->parts[which];
    if (part->owned) gd_release(&a->context->allocator, (void *)(uintptr_t)part->bytes, part->size);
    part->bytes = NULL;
    part->owned = false;
}

/* Inputs and targets, the second at `inputs` + 1. */
static gradus_status read_pair(gd_archive *a, int inputs) {
    const gd_part *x = &a->parts[inputs], *y = &a->parts[inputs + 1];
    gradus_status status = read_part(a, inputs);
    if (!status) status = read_part(a, inputs + 1);
    if (status) return status;
    if (y->rank == SIZE_MAX) {
        if (a->opening->targets_optional) return GRADUS_OK;
        return gd_fail(a->context, GRADUS_BAD_DATA, "%s: there is an array %s, but none of its targets, such as %s", a->zip.path,
                       part_names[inputs][x->rank], part_names[inputs + 1][0]);
    }
    if (x->array.samples == y->array.samples && x->array.columns <= GD_MOST_FEATURES) return GRADUS_OK;
    return gd_fail(a->context, GRADUS_BAD_DATA, "%s: %s has %zu samples of %zu elements, %s has %zu: expected as many samples, of up to %d elements",
                   a->zip.path, part_names[inputs][x->rank], x->array.samples, x->array.columns, part_names[inputs + 1][y->rank], y->array.samples,
                   GD_MOST_FEATURES);
}

static bool are_bytes(const gd_npy *array) { return array->kind == 'u' && array->item == 1; }

/* [samples, height, width] or [samples, height, width, 1]. */
static void find_picture(const gd_npy *array, gradus_schema *schema) {
    if (array->dimensions != 3 && !(array->dimensions == 4 && array->shape[3] == 1)) return;
    schema->height = array->shape[1];
    schema->width = array->shape[2];
}

static gradus_status new_schema(gd_archive *a, const gd_sheet *sheet, gradus_schema **schema) {
    gradus_schema *made;
    const gradus_task task = a->opening->config->task;
    const gd_npy *targets = sheet->targets;
    const bool one = targets->columns == 1,
               classes = task == GRADUS_TASK_CLASSIFICATION || (task == GRADUS_TASK_AUTO && one && gd_npy_is_integer(targets));
    if (classes && !one)
        return gd_fail(a->context, GRADUS_BAD_DATA, "%s: %zu targets a sample: expected one, a class", a->zip.path, targets->columns);
    if (a->opening->config->missing > GRADUS_MISSING_DROP)
        return gd_fail(a->context, GRADUS_UNSUPPORTED, "%s: missing values of .npz arrays are not replaced: use drop or error", a->zip.path);
    gradus_status status = gd_schema_create(a->context, 0, &made);
    if (status) return status;
    made->task = classes ? GRADUS_TASK_CLASSIFICATION : GRADUS_TASK_REGRESSION;
    made->missing = a->opening->config->missing;
    made->dtype = are_bytes(sheet->inputs) ? GRADUS_DTYPE_U8 : GRADUS_DTYPE_F32;
    made->features = sheet->inputs->columns;
    made->targets = targets->columns;
    find_picture(sheet->inputs, made);
    if (classes) status = gd_sheet_learn_classes(a->context, sheet, made);
    if (status)
        gradus_schema_destroy(a->context, made);
    else
        *schema = made;
    return status;
}

/* The same classes and sizes, for inputs of this array's own type. */
static gradus_status known_schema(gd_archive *a, const gd_sheet *sheet, const gradus_schema *known, gradus_schema **schema) {
    if (sheet->inputs->columns != known->features)
        return gd_fail(a->context, GRADUS_BAD_DATA, "%s: samples of %zu features, expected %zu, as there were in training", a->zip.path,
                       sheet->inputs->columns, known->features);
    if (are_bytes(sheet->inputs) != (known->dtype == GRADUS_DTYPE_U8))
        return gd_fail(a->context, GRADUS_BAD_DATA, "%s: %s, but %s in training: convert one of them with astype", a->zip.path,
                       known->dtype == GRADUS_DTYPE_U8 ? "inputs that are not bytes (u1)" : "inputs of bytes (u1)",
                       known->dtype == GRADUS_DTYPE_U8 ? "they were" : "they were not");
    if (sheet->targets && sheet->targets->columns != known->targets)
        return gd_fail(a->context, GRADUS_BAD_DATA, "%s: %zu targets a sample, expected %zu", a->zip.path, sheet->targets->columns, known->targets);
    return gradus_schema_copy(a->context, known, schema);
}

/* Large inputs that lie in the archive as a tensor's do are mapped, each set on its own. */
static gradus_status keep_in_place(gd_archive *a, const gd_part *part, gd_sheet *sheet) {
    const bool bytes = are_bytes(&part->array);
    if (part->owned || part->size < gd_map_from || !gd_npy_is_plain(&part->array, bytes ? 'u' : 'f', bytes ? 1 : 4)) return GRADUS_OK;
    if (!a->region.mapped || sheet->missing != GRADUS_MISSING_ERROR) return GRADUS_OK;
    sheet->offset = (size_t)(part->array.data - (const uint8_t *)a->region.data);
    sheet->row_stride = part->array.columns;
    return gd_map(a->context, a->zip.path, a->size, &sheet->region);
}

/* known NULL: as the config says. */
static gradus_status make_set(gd_archive *a, int which, const gradus_schema *known, gradus_dataset **set) {
    gd_part *inputs = &a->parts[which], *targets = inputs + 1;
    gradus_schema *schema;
    gradus_dataset *made = NULL;
    gradus_status status = read_pair(a, which);
    gd_sheet sheet = {.path = a->zip.path,
                      .inputs = &inputs->array,
                      .targets = targets->rank != SIZE_MAX ? &targets->array : NULL,
                      .missing = gd_opening_missing(a->opening),
                      .targets_optional = a->opening->targets_optional};
    if (!status) status = known ? known_schema(a, &sheet, known, &schema) : new_schema(a, &sheet, &schema);
    if (status) return status;
    status = keep_in_place(a, inputs, &sheet);
    if (status)
        gradus_schema_destroy(a->context, schema);
    else
        status = gd_sheet_make(a->context, &sheet, a->opening->source, schema, &made);
    release_part(a, which);
    release_part(a, which + 1);
    if (!status) status = gd_settle_missing(a->context, made, sheet.missing, false);
    if (status)
        gradus_dataset_destroy(a->context, made);
    else
        *set = made;
    return status;
}

static gradus_status make_sets(gd_archive *a, gradus_dataset **train, gradus_dataset **test) {
    gradus_dataset *made = NULL, *made_test = NULL;
    const gradus_schema *known = a->opening->schema;
    const bool has_train = a->parts[GD_PART_INPUTS].rank != SIZE_MAX, has_test = a->parts[GD_PART_TEST_INPUTS].rank != SIZE_MAX;
    if (!has_train && !known)
        return gd_fail(a->context, GRADUS_BAD_DATA, "%s: only a test set (%s): expected x_train and y_train, or x and y", a->zip.path,
                       test_inputs[a->parts[GD_PART_TEST_INPUTS].rank]);
    gradus_status status = has_train && !(known && has_test) ? make_set(a, GD_PART_INPUTS, known, &made) : GRADUS_OK;
    if (!status && has_test) status = make_set(a, GD_PART_TEST_INPUTS, known ? known : made->schema, &made_test);
    if (status) {
        gradus_dataset_destroy(a->context, made);
        return status;
    }
    *train = made;
    *test = made_test;
    return GRADUS_OK;
}

gradus_status gd_npz_open(gradus_context *context, const gd_opening *opening, gradus_dataset **train, gradus_dataset **test) {
    gd_archive archive = {.context = context, .opening = opening};
    gradus_status status = gd_region_read(context, opening->source, &archive.region, &archive.size);
    if (!status) status = gd_zip_open(context, opening->source, archive.region.data, archive.size, &archive.zip);
    if (!status) status = find_parts(&archive);
    if (!status) status = make_sets(&archive, train, test);
    for (int i = 0; i < GD_PARTS; i++) release_part(&archive, i);
    gd_region_release(&context->allocator, &archive.region);
    return status;
}
