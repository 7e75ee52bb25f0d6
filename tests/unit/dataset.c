/* Folders of IDX files: what is read from good ones, and the message each kind of bad one gets. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <gradus/dataset.h>

#define TRAIN_IMAGES "train-images-idx3-ubyte"
#define TRAIN_LABELS "train-labels-idx1-ubyte"
#define TEST_IMAGES "t10k-images-idx3-ubyte"
#define TEST_LABELS "t10k-labels-idx1-ubyte"

/* Three training pictures of 2 x 3 and two test pictures, as literals without their final 0. */
#define HEAD3 "\0\0\10\3\0\0\0\3\0\0\0\2\0\0\0\3"
#define PIXELS3 "abcdefghijklmnopqr"
#define IMAGES3 HEAD3 PIXELS3
#define LABELS3 "\0\0\10\1\0\0\0\3\2\0\1"
#define IMAGES2 "\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\3ABCDEFGHIJKL"
#define LABELS2 "\0\0\10\1\0\0\0\2\1\1"
#define BYTES(literal) literal, sizeof(literal) - 1

/* An allocator that counts, and fails at call number `fail_at` (0: never). */
struct counter {
    size_t calls, fail_at, held, peak;
};

static void *counting_allocate(void *user, size_t size, size_t alignment) {
    struct counter *counter = user;
    if (++counter->calls == counter->fail_at) return NULL;
    counter->held += size;
    if (counter->held > counter->peak) counter->peak = counter->held;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void counting_release(void *user, void *memory, size_t size, size_t alignment) {
    (void)alignment;
    ((struct counter *)user)->held -= size;
    free(memory);
}

/* A folder of its own for each test, and a context that counts. */
struct place {
    char folder[64], path[160];
    struct counter counter;
    gradus_context *context;
    gradus_dataset *train, *test;
};

static void arrive(struct place *place) {
    memset(place, 0, sizeof *place);
    strcpy(place->folder, "/tmp/gradus-dataset-XXXXXX");
    cr_assert_not_null(mkdtemp(place->folder));
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.allocator = (gradus_allocator){&place->counter, counting_allocate, counting_release};
    cr_assert_eq(gradus_context_create(&config, &place->context), GRADUS_OK);
}

static const char *path_of(struct place *place, const char *name) {
    snprintf(place->path, sizeof place->path, "%s/%s", place->folder, name);
    return place->path;
}

static void put(struct place *place, const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(path_of(place, name), "wb");
    cr_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "cannot write %s", place->path);
}

/* mode "wb": a new file; "ab": one more gzip member at the end. */
static void put_gzip(struct place *place, const char *name, const void *bytes, size_t size, const char *mode) {
    gzFile file = gzopen(path_of(place, name), mode);
    cr_assert(file && gzwrite(file, bytes, (unsigned)size) == (int)size && gzclose(file) == Z_OK, "cannot write %s", place->path);
}

static void put_train(struct place *place) {
    put(place, TRAIN_IMAGES, BYTES(IMAGES3));
    put(place, TRAIN_LABELS, BYTES(LABELS3));
}

static gradus_status open_folder(struct place *place) {
    return gradus_dataset_open(place->context, place->folder, NULL, &place->train, &place->test);
}

static void leave(struct place *place) {
    static const char *const names[] = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS};
    gradus_dataset_destroy(place->context, place->train);
    gradus_dataset_destroy(place->context, place->test);
    gradus_context_destroy(place->context);
    cr_expect_eq(place->counter.held, 0, "%zu bytes are not released", place->counter.held);
    for (size_t i = 0; i < 4; i++) {
        char zipped[64];
        snprintf(zipped, sizeof zipped, "%s.gz", names[i]);
        unlink(path_of(place, names[i]));
        unlink(path_of(place, zipped));
    }
    cr_expect_eq(rmdir(place->folder), 0);
}

static void expect_train(const struct place *place) {
    cr_assert_eq(gradus_dataset_samples(place->train), 3);
    cr_expect(gradus_dataset_height(place->train) == 2 && gradus_dataset_width(place->train) == 3 && gradus_dataset_classes(place->train) == 3);
    cr_expect_arr_eq(gradus_dataset_inputs(place->train).data, PIXELS3, 18);
    cr_expect_arr_eq(gradus_dataset_targets(place->train).data, "\2\0\1", 3);
}

Test(dataset, reads_plain_files) {
    struct place place;
    arrive(&place);
    put_train(&place);
    put(&place, TEST_IMAGES, BYTES(IMAGES2));
    put(&place, TEST_LABELS, BYTES(LABELS2));
    errno = 77;
    cr_assert_eq(open_folder(&place), GRADUS_OK, "%s", gradus_context_message(place.context));
    cr_expect_eq(errno, 77);
    expect_train(&place);
    cr_expect_str_eq(gradus_dataset_source(place.train), path_of(&place, TRAIN_IMAGES));
    gradus_tensor inputs = gradus_dataset_inputs(place.test), targets = gradus_dataset_targets(place.test);
    cr_assert(inputs.rows == 2 && inputs.columns == 6 && inputs.row_stride == 6 && targets.rows == 1 && targets.columns == 2);
    cr_expect_arr_eq(inputs.data, "ABCDEFGHIJKL", 12);
    cr_expect_arr_eq(targets.data, "\1\1", 2);
    cr_expect_eq(gradus_dataset_classes(place.test), 3);
    leave(&place);
}

Test(dataset, reads_gzip_and_gives_no_test_set_where_there_is_none) {
    struct place place;
    arrive(&place);
    put_gzip(&place, TRAIN_IMAGES ".gz", BYTES(IMAGES3), "wb");
    put_gzip(&place, TRAIN_LABELS ".gz", BYTES(LABELS3), "wb");
    cr_assert_eq(open_folder(&place), GRADUS_OK, "%s", gradus_context_message(place.context));
    expect_train(&place);
    cr_expect_null(place.test);
    leave(&place);
}

Test(dataset, reads_joined_gzip_members) {
    struct place place;
    arrive(&place);
    put_gzip(&place, TRAIN_IMAGES ".gz", BYTES(HEAD3 "abcde"), "wb");
    put_gzip(&place, TRAIN_IMAGES ".gz", BYTES("fghijklmnopqr"), "ab");
    put(&place, TRAIN_LABELS, BYTES(LABELS3));
    cr_assert_eq(open_folder(&place), GRADUS_OK, "%s", gradus_context_message(place.context));
    expect_train(&place);
    leave(&place);
}

Test(dataset, prefers_the_plain_file) {
    struct place place;
    arrive(&place);
    put_train(&place);
    put(&place, TRAIN_IMAGES ".gz", BYTES("never looked at"));
    cr_assert_eq(open_folder(&place), GRADUS_OK, "%s", gradus_context_message(place.context));
    expect_train(&place);
    leave(&place);
}

/* Opens the folder and wants this failure, both names in its message, and no more memory than `most`. */
static void expect_refused(struct place *place, gradus_status wanted, const char *name, const char *word, size_t most) {
    size_t before = place->counter.held;
    place->counter.peak = before;
    gradus_status status = open_folder(place);
    const char *message = gradus_context_message(place->context);
    cr_expect_eq(status, wanted, "%s: %d", message, (int)status);
    cr_expect(strstr(message, name) && strstr(message, word), "expected %s and \"%s\" in: %s", name, word, message);
    cr_expect(!place->train && !place->test);
    cr_expect_eq(place->counter.held, before, "%zu bytes are not released", place->counter.held - before);
    cr_expect_leq(place->counter.peak - before, most, "%zu bytes at once", place->counter.peak - before);
}

typedef struct bad_file {
    const char *name, *bytes;
    size_t size;
    bool gzip;
    const char *word; /* in the message, besides the file's name */
} bad_file;

/* Each replaces or joins a file of a good folder. */
static const bad_file bad_files[] = {
    {TRAIN_IMAGES, BYTES(""), false, "empty"},
    {TRAIN_IMAGES, BYTES("\0\0\10\3\0\0"), false, "expected an IDX header of 16 bytes, found 6"},
    {TRAIN_IMAGES, BYTES("no IDX file at all, plain text"), false, "expected an IDX file of pictures (magic number 0x00000803), found 0x6e6f2049"},
    {TRAIN_IMAGES, BYTES(LABELS3), false, "found 0x00000801"},
    {TRAIN_LABELS, BYTES(IMAGES3), false, "expected an IDX file of labels (magic number 0x00000801), found 0x00000803"},
    {TRAIN_IMAGES, BYTES("\37\213\10\0\0\0\0\0\0\3 and so on"), false, "looks like gzip"},
    {TRAIN_IMAGES, BYTES(HEAD3 "abc"), false, "declares 3 x 2 x 3 bytes, but a file of 19 bytes"},
    {TRAIN_IMAGES, BYTES(IMAGES3 "s"), false, "expected 18 bytes after the header, as it declares, found more"},
    {TRAIN_IMAGES, BYTES("\0\0\10\3\0\0\0\0\0\0\0\2\0\0\0\3"), false, "at least one picture"},
    {TRAIN_IMAGES, BYTES("\0\0\10\3\0\0\0\3\0\0\0\2\0\0\0\0"), false, "found 3 of 2 x 0"},
    {TRAIN_IMAGES, BYTES("\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377"), false, "4294967295 x 4294967295 x 4294967295 bytes"},
    {TRAIN_LABELS, BYTES(LABELS2), false, "expected 3 labels"},
    {TRAIN_LABELS, BYTES("\0\0\10\1\0\0\0\3\0\0\0"), false, "expected at least two classes"},
    {TRAIN_LABELS, BYTES(LABELS3 "\1"), false, "found more"},
    {TEST_IMAGES, BYTES("\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\2ABCDEFGHIJKL"), false, "expected pictures of 2 x 3"},
    {TEST_LABELS, BYTES("\0\0\10\1\0\0\0\2\1\3"), false, "expected labels up to 2, the training set's highest, found 3 at sample 1"},
    {TRAIN_IMAGES ".gz", BYTES("no gzip, plain text"), false, "expected gzip data, found something else"},
    {TRAIN_IMAGES ".gz", BYTES(""), false, "empty"},
    {TRAIN_IMAGES ".gz", BYTES("no IDX file at all, plain text"), true, "found 0x6e6f2049"},
    {TRAIN_IMAGES ".gz", BYTES("\0\0"), true, "expected an IDX header of 16 bytes, found 2"},
    {TRAIN_IMAGES ".gz", BYTES(HEAD3 "abc"), true, "expected 18 bytes after the header, as it declares, found 3"},
    {TRAIN_IMAGES ".gz", BYTES(IMAGES3 "s"), true, "found more"},
    {TRAIN_IMAGES ".gz", BYTES("\0\0\10\3\177\377\377\377\177\377\377\377\0\0\0\34"), true, "2147483647 x 2147483647 x 28 bytes"},
    {TRAIN_IMAGES ".gz", BYTES("\0\0\10\3\0\1\0\0\0\0\0\34\0\0\0\34"), true, "65536 x 28 x 28 bytes"},
};

Test(dataset, says_what_is_wrong_with_a_file) {
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        const bad_file *bad = &bad_files[i];
        struct place place;
        arrive(&place);
        put_train(&place);
        put(&place, TEST_IMAGES, BYTES(IMAGES2));
        put(&place, TEST_LABELS, BYTES(LABELS2));
        if (strstr(bad->name, ".gz")) unlink(path_of(&place, TRAIN_IMAGES));
        if (bad->gzip)
            put_gzip(&place, bad->name, bad->bytes, bad->size, "wb");
        else
            put(&place, bad->name, bad->bytes, bad->size);
        expect_refused(&place, GRADUS_BAD_DATA, bad->name, bad->word, 300000);
        leave(&place);
    }
}

/* A gzip file cut anywhere is refused, and one with any one bit of its data changed, unless the bit was padding: never a wrong picture. */
Test(dataset, refuses_damaged_gzip) {
    uint8_t zipped[256];
    struct place place;
    arrive(&place);
    put(&place, TRAIN_LABELS, BYTES(LABELS3));
    put_gzip(&place, TRAIN_IMAGES ".gz", BYTES(IMAGES3), "wb");
    FILE *file = fopen(path_of(&place, TRAIN_IMAGES ".gz"), "rb");
    size_t size = fread(zipped, 1, sizeof zipped, file);
    fclose(file);
    for (size_t cut = 1; cut < size; cut++) {
        put(&place, TRAIN_IMAGES ".gz", zipped, cut);
        expect_refused(&place, GRADUS_BAD_DATA, TRAIN_IMAGES ".gz", "cut short", 300000);
    }
    size_t harmless = 0;
    for (size_t bit = 8 * 10; bit < 8 * size; bit++) { /* 10: the gzip header, whose time stamp nothing protects */
        zipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        put(&place, TRAIN_IMAGES ".gz", zipped, size);
        zipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        gradus_status status = open_folder(&place);
        if (!status) expect_train(&place);
        harmless += !status;
        gradus_dataset_destroy(place.context, place.train);
        place.train = NULL;
    }
    cr_expect_lt(harmless, 8, "%zu", harmless);
    zipped[size] = 'x';
    put(&place, TRAIN_IMAGES ".gz", zipped, size + 1);
    expect_refused(&place, GRADUS_BAD_DATA, TRAIN_IMAGES ".gz", "the end of the gzip data", 300000);
    leave(&place);
}

Test(dataset, names_the_file_that_is_missing) {
    static const char *const names[] = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS};
    for (size_t i = 0; i < 4; i++) {
        struct place place;
        arrive(&place);
        put_train(&place);
        put(&place, TEST_IMAGES, BYTES(IMAGES2));
        put(&place, TEST_LABELS, BYTES(LABELS2));
        unlink(path_of(&place, names[i]));
        expect_refused(&place, GRADUS_IO, names[i], "belongs to", 300000);
        leave(&place);
    }
    struct place place;
    arrive(&place);
    expect_refused(&place, GRADUS_IO, TRAIN_IMAGES, "a folder of data holds", 300000);
    leave(&place);
}

/* A FIFO must not hang the reader, a folder is no file. */
Test(dataset, wants_regular_files, .timeout = 20) {
    struct place place;
    arrive(&place);
    put_train(&place);
    unlink(path_of(&place, TRAIN_LABELS));
    cr_assert_eq(mkfifo(path_of(&place, TRAIN_LABELS), 0600), 0);
    expect_refused(&place, GRADUS_BAD_DATA, TRAIN_LABELS, "not a regular file", 300000);
    unlink(path_of(&place, TRAIN_LABELS));
    cr_assert_eq(mkdir(path_of(&place, TRAIN_LABELS), 0700), 0);
    expect_refused(&place, GRADUS_BAD_DATA, TRAIN_LABELS, "not a regular file", 300000);
    rmdir(path_of(&place, TRAIN_LABELS));
    leave(&place);
}

/* From 64 MiB on, pictures stay in their file, and no memory is taken for them. The file is sparse. */
Test(dataset, maps_large_plain_files) {
    enum { COUNT = 65600, SIDE = 32 };
    struct place place;
    uint8_t *labels = calloc(COUNT + 8, 1);
    arrive(&place);
    memcpy(labels, "\0\0\10\1\0\1\0\100\1", 9);
    put(&place, TRAIN_LABELS, labels, COUNT + 8);
    put(&place, TRAIN_IMAGES, BYTES("\0\0\10\3\0\1\0\100\0\0\0\40\0\0\0\40pixels"));
    const size_t size = (size_t)COUNT * SIDE * SIDE + 16;
    cr_assert_eq(truncate(path_of(&place, TRAIN_IMAGES), (off_t)size), 0);
    cr_assert_eq(open_folder(&place), GRADUS_OK, "%s", gradus_context_message(place.context));
    cr_expect(gradus_dataset_samples(place.train) == COUNT && gradus_dataset_classes(place.train) == 2 && gradus_dataset_height(place.train) == SIDE);
    cr_expect_arr_eq(gradus_dataset_inputs(place.train).data, "pixels\0", 7);
    cr_expect_lt(place.counter.peak, 1 << 20);
    gradus_dataset_destroy(place.context, place.train);
    for (int longer = 0; longer < 2; longer++) {
        cr_assert_eq(truncate(path_of(&place, TRAIN_IMAGES), (off_t)(longer ? size + 1 : size - 1)), 0);
        cr_expect_eq(open_folder(&place), GRADUS_BAD_DATA);
        cr_expect_not_null(strstr(gradus_context_message(place.context), TRAIN_IMAGES ": "));
    }
    free(labels);
    leave(&place);
}

Test(dataset, says_what_a_source_can_be) {
    struct place place;
    arrive(&place);
    put_train(&place);
    gradus_context *context = place.context;
    cr_expect_eq(gradus_dataset_open(context, path_of(&place, "no-such"), NULL, &place.train, &place.test), GRADUS_IO);
    cr_expect(strstr(gradus_context_message(context), "no-such: ") && strstr(gradus_context_message(context), "DATA is digits"));
    cr_expect_eq(gradus_dataset_open(context, path_of(&place, TRAIN_IMAGES), NULL, &place.train, &place.test), GRADUS_BAD_DATA);
    cr_expect(strstr(gradus_context_message(context), TRAIN_IMAGES ": ") && strstr(gradus_context_message(context), "give the folder"));
    cr_expect_eq(gradus_dataset_open(context, NULL, NULL, &place.train, &place.test), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_dataset_open(context, "digits", NULL, &place.train, NULL), GRADUS_INVALID_ARGUMENT);
    cr_expect_null(place.train);
    leave(&place);
}

/* Whichever allocation fails, zlib's included, everything is released and the next try succeeds. */
Test(dataset, survives_every_failed_allocation) {
    struct place place;
    arrive(&place);
    put_train(&place);
    put_gzip(&place, TEST_IMAGES ".gz", BYTES(IMAGES2), "wb");
    put(&place, TEST_LABELS, BYTES(LABELS2));
    gradus_status status = GRADUS_OUT_OF_MEMORY;
    size_t failures = 0;
    for (; status && failures < 100; failures++) {
        size_t before = place.counter.held;
        place.counter.fail_at = place.counter.calls + failures + 1;
        status = open_folder(&place);
        if (!status) break;
        cr_assert_eq(status, GRADUS_OUT_OF_MEMORY, "%s", gradus_context_message(place.context));
        cr_assert(!place.train && !place.test && place.counter.held == before);
    }
    cr_expect(failures >= 12 && failures < 100, "%zu", failures);
    leave(&place);
}

static void expect_same_as_zlib_reads(const char *folder, const char *name, size_t header_size, const uint8_t *data, size_t size) {
    char path[512];
    uint8_t header[16], block[4096];
    snprintf(path, sizeof path, "%s/%s.gz", folder, name);
    gzFile file = gzopen(path, "rb");
    cr_assert(file && gzread(file, header, (unsigned)header_size) == (int)header_size);
    for (size_t at = 0; at < size;) {
        int count = gzread(file, block, sizeof block);
        cr_assert(count > 0 && (size_t)count <= size - at, "%s at %zu", path, at);
        cr_assert_arr_eq(data + at, block, (size_t)count, "%s at %zu", path, at);
        at += (size_t)count;
    }
    gzclose(file);
}

Test(dataset, reads_real_pictures) {
    const char *data = getenv("GRADUS_TEST_DATA");
    char folder[256];
    snprintf(folder, sizeof folder, "%s/mnist", data ? data : GRADUS_SOURCE_ROOT "/../shared/data");
    if (access(folder, R_OK)) cr_skip_test("no %s: set GRADUS_TEST_DATA", folder);
    struct place place;
    arrive(&place);
    cr_assert_eq(gradus_dataset_open(place.context, folder, NULL, &place.train, &place.test), GRADUS_OK, "%s", gradus_context_message(place.context));
    cr_assert(gradus_dataset_samples(place.train) == 22000 && gradus_dataset_samples(place.test) == 10000);
    cr_expect(gradus_dataset_classes(place.train) == 10 && gradus_dataset_height(place.test) == 28 && gradus_dataset_width(place.test) == 28);
    expect_same_as_zlib_reads(folder, TRAIN_IMAGES, 16, gradus_dataset_inputs(place.train).data, 22000 * 784);
    expect_same_as_zlib_reads(folder, TRAIN_LABELS, 8, gradus_dataset_targets(place.train).data, 22000);
    expect_same_as_zlib_reads(folder, TEST_IMAGES, 16, gradus_dataset_inputs(place.test).data, 10000 * 784);
    expect_same_as_zlib_reads(folder, TEST_LABELS, 8, gradus_dataset_targets(place.test).data, 10000);
    leave(&place);
}
