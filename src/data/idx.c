/* Folders of IDX files, the format of MNIST and its kin: a big-endian header (magic, count, height, width), then unsigned bytes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/context.h"
#include "base/io.h"
#include "data/byte_file.h"
#include "data/mapping.h"

enum { IMAGES_MAGIC = 0x803, LABELS_MAGIC = 0x801, HEADER_MOST = 16 };

/* One file: its path, and once open what its header says. size = the data's bytes. */
typedef struct gd_idx {
    char *path;
    size_t path_size;
    bool found, gzip;
    gd_byte_file *file;
    size_t count, height, width, size;
} gd_idx;

/* The two files of a set of samples. */
typedef struct gd_idx_pair {
    gd_idx images, labels;
} gd_idx_pair;

static bool exists(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Looks for FOLDER/SET-KIND, else with .gz; where neither is there, the path is the plain one. */
static gradus_status locate(gradus_context *context, const char *folder, const char *set, const char *kind, gd_idx *idx) {
    void *memory;
    size_t size = strlen(folder) + strlen(set) + strlen(kind) + sizeof "/-.gz";
    gradus_status status = gd_context_allocate(context, size, folder, &memory);
    if (status) return status;
    idx->path = memory;
    idx->path_size = size;
    size_t length = strlen(folder);
    int plain = snprintf(idx->path, size, "%s%s%s-%s", folder, length > 0 && folder[length - 1] == '/' ? "" : "/", set, kind);
    idx->found = exists(idx->path);
    if (idx->found) return GRADUS_OK;
    memcpy(idx->path + plain, ".gz", sizeof ".gz");
    idx->found = idx->gzip = exists(idx->path);
    if (!idx->found) idx->path[plain] = 0;
    return GRADUS_OK;
}

static gradus_status locate_pair(gradus_context *context, const char *folder, const char *set, gd_idx_pair *pair) {
    gradus_status status = locate(context, folder, set, "images-idx3-ubyte", &pair->images);
    if (!status) status = locate(context, folder, set, "labels-idx1-ubyte", &pair->labels);
    if (status || pair->images.found == pair->labels.found) return status;
    const gd_idx *missing = pair->images.found ? &pair->labels : &pair->images, *there = pair->images.found ? &pair->images : &pair->labels;
    return gd_fail(context, GRADUS_IO, "%s: neither this file nor %s.gz is there, but it belongs to %s", missing->path, missing->path, there->path);
}

static void close_idx(const gradus_allocator *allocator, gd_idx *idx) {
    gd_byte_file_close(idx->file);
    gd_release(allocator, idx->path, idx->path_size);
}

static void close_pair(gradus_context *context, gd_idx_pair *pair) {
    close_idx(&context->allocator, &pair->images);
    close_idx(&context->allocator, &pair->labels);
}

static gradus_status bad_magic(gradus_context *context, const gd_idx *idx, uint32_t magic, uint32_t found) {
    const char *hint = !idx->gzip && found >> 16 == 0x1f8b ? "; it looks like gzip: name it .gz" : "";
    return gd_fail(context, GRADUS_BAD_DATA, "%s: expected an IDX file of %s (magic number 0x%08x), found 0x%08x%s", idx->path,
                   magic == IMAGES_MAGIC ? "pictures" : "labels", (unsigned)magic, (unsigned)found, hint);
}

/* How much the data must be at most is checked here, before anything is allocated for it. */
static gradus_status check_size(gradus_context *context, gd_idx *idx, size_t header_size) {
    size_t picture, whole, most = gd_byte_file_most(idx->file);
    bool fits = gd_size_multiply(idx->height, idx->width, &picture) && gd_size_multiply(idx->count, picture, &idx->size);
    if (fits && gd_size_add(idx->size, header_size, &whole) && whole <= most) return GRADUS_OK;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: its header declares %zu x %zu x %zu bytes, but a file of %zu bytes%s holds at most %zu", idx->path,
                   idx->count, idx->height, idx->width, gd_byte_file_size(idx->file), idx->gzip ? " of gzip" : "", most);
}

static gradus_status open_idx(gradus_context *context, uint32_t magic, gd_idx *idx) {
    gradus_status status = gd_byte_file_open(context, idx->path, idx->gzip, &idx->file);
    uint8_t header[HEADER_MOST];
    size_t header_size = magic == IMAGES_MAGIC ? 16 : 8, got = 0;
    if (!status) status = gd_byte_file_read(context, idx->file, header, header_size, &got);
    if (status) return status;
    gd_reader reader = gd_reader_make(header, got);
    uint32_t found = gd_read_u32be(&reader);
    if (!reader.failed && found != magic) return bad_magic(context, idx, magic, found);
    idx->count = gd_read_u32be(&reader);
    idx->height = magic == IMAGES_MAGIC ? gd_read_u32be(&reader) : 1;
    idx->width = magic == IMAGES_MAGIC ? gd_read_u32be(&reader) : 1;
    if (reader.failed)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: expected an IDX header of %zu bytes, found %zu bytes", idx->path, header_size, got);
    if (idx->count == 0 || idx->height == 0 || idx->width == 0)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: expected at least one picture of at least one pixel, found %zu of %zu x %zu", idx->path,
                       idx->count, idx->height, idx->width);
    return check_size(context, idx, header_size);
}

static gradus_status open_pair(gradus_context *context, gd_idx_pair *pair) {
    gradus_status status = open_idx(context, IMAGES_MAGIC, &pair->images);
    if (!status) status = open_idx(context, LABELS_MAGIC, &pair->labels);
    if (status || pair->labels.count == pair->images.count) return status;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: expected %zu labels, as many as there are pictures in %s, found %zu", pair->labels.path,
                   pair->images.count, pair->images.path, pair->labels.count);
}

static gradus_status more_data(gradus_context *context, const gd_idx *idx) {
    return gd_fail(context, GRADUS_BAD_DATA, "%s: expected %zu bytes after the header, as it declares, found more", idx->path, idx->size);
}

/* Everything the header declares, and nothing after it. Asking for one byte more also makes gzip verify its checksum. */
static gradus_status read_data(gradus_context *context, gd_idx *idx, uint8_t *data) {
    size_t got;
    gradus_status status = gd_byte_file_read(context, idx->file, data, idx->size, &got);
    if (status) return status;
    if (got < idx->size)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: expected %zu bytes after the header, as it declares, found %zu", idx->path, idx->size, got);
    uint8_t more;
    status = gd_byte_file_read(context, idx->file, &more, 1, &got);
    return !status && got > 0 ? more_data(context, idx) : status;
}

/* The pictures of a large plain file stay in it. */
static gradus_status map_pictures(gradus_context *context, const gd_idx *images, gradus_dataset **set) {
    gd_region region;
    gradus_schema *schema;
    const size_t size = gd_byte_file_size(images->file), header_size = size - images->size;
    if (header_size > HEADER_MOST) return more_data(context, images);
    gradus_status status = gd_map(context, images->path, size, &region);
    if (status) return status;
    status = gd_pictures_schema(context, images->height, images->width, &schema);
    if (!status) status = gd_dataset_create_bare(context, images->path, schema, images->count, set);
    if (status)
        gd_unmap(&region);
    else
        gd_dataset_place(*set, region, header_size, images->height * images->width);
    return status;
}

static gradus_status read_pictures(gradus_context *context, gd_idx *images, gradus_dataset **set) {
    gradus_status status = gd_dataset_create_pictures(context, images->path, images->count, images->height, images->width, set);
    if (status) return status;
    status = read_data(context, images, (*set)->inputs.data);
    if (status) gradus_dataset_destroy(context, *set);
    return status;
}

static gradus_status read_pair(gradus_context *context, gd_idx_pair *pair, gradus_dataset **set) {
    gradus_dataset *made;
    gd_idx *images = &pair->images;
    const bool large = images->size >= gd_map_from && !images->gzip;
    gradus_status status = large ? map_pictures(context, images, &made) : read_pictures(context, images, &made);
    if (status) return status;
    status = read_data(context, &pair->labels, made->targets.data);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *set = made;
    return status;
}

/* The first sample with the highest label. */
static size_t highest_label(const gradus_dataset *set) {
    size_t highest = 0;
    for (size_t i = 1; i < set->samples; i++)
        if (gd_dataset_class(set, i) > gd_dataset_class(set, highest)) highest = i;
    return highest;
}

static gradus_status open_train(gradus_context *context, const char *folder, gd_idx_pair *pair, gradus_dataset **train) {
    gradus_status status = locate_pair(context, folder, "train", pair);
    if (!status && !pair->images.found)
        status = gd_fail(context, GRADUS_IO,
                         "%s: neither this file nor %s.gz is there; a folder of data holds train-images-idx3-ubyte and train-labels-idx1-ubyte",
                         pair->images.path, pair->images.path);
    if (!status) status = open_pair(context, pair);
    if (!status) status = read_pair(context, pair, train);
    if (status) return status;
    const size_t classes = gd_dataset_class(*train, highest_label(*train)) + 1;
    return classes >= 2 ? gd_schema_count_classes(context, (*train)->schema, classes)
                        : gd_fail(context, GRADUS_BAD_DATA, "%s: expected at least two classes, but every label is 0", pair->labels.path);
}

static gradus_status open_test(gradus_context *context, const char *folder, const gradus_dataset *train, gd_idx_pair *pair, gradus_dataset **test) {
    gradus_status status = locate_pair(context, folder, "t10k", pair);
    if (status || !pair->images.found) return status;
    status = open_pair(context, pair);
    if (status) return status;
    const size_t height = train->schema->height, width = train->schema->width, classes = gd_names_count(&train->schema->classes);
    if (pair->images.height != height || pair->images.width != width)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: expected pictures of %zu x %zu, as in %s, found %zu x %zu", pair->images.path, height, width,
                       train->source, pair->images.height, pair->images.width);
    status = read_pair(context, pair, test);
    if (status) return status;
    const size_t sample = highest_label(*test), highest = gd_dataset_class(*test, sample);
    return highest < classes ? gd_schema_count_classes(context, (*test)->schema, classes)
                             : gd_fail(context, GRADUS_BAD_DATA, "%s: expected labels up to %zu, the training set's highest, found %zu at sample %zu",
                                       pair->labels.path, classes - 1, highest, sample);
}

gradus_status gd_idx_open(gradus_context *context, const char *folder, gradus_dataset **train, gradus_dataset **test) {
    gd_idx_pair train_files = {0}, test_files = {0};
    gradus_dataset *made[2] = {NULL, NULL};
    gradus_status status = open_train(context, folder, &train_files, &made[0]);
    if (!status) status = open_test(context, folder, made[0], &test_files, &made[1]);
    close_pair(context, &train_files);
    close_pair(context, &test_files);
    if (status) {
        gradus_dataset_destroy(context, made[0]);
        gradus_dataset_destroy(context, made[1]);
        return status;
    }
    *train = made[0];
    *test = made[1];
    return GRADUS_OK;
}
