/* The reader at every truncation, the writer, whole files, atomic replacement and its failures. */
#include "base/io.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "base/memory.h"
#include "random.h"

static gradus_context make_context(void) { return (gradus_context){.allocator = gd_default_allocator()}; }

Test(reader, every_truncation) {
    const uint8_t data[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    for (size_t size = 0; size <= 20; size++) {
        uint8_t *exact = malloc(size > 0 ? size : 1); /* so that a sanitizer sees a read past the end */
        memcpy(exact, data, size);
        gd_reader reader = gd_reader_make(size > 0 ? exact : NULL, size);
        cr_expect_eq(gd_read_u8(&reader), size >= 1 ? 1 : 0);
        cr_expect_eq(gd_read_u32be(&reader), size >= 5 ? 0x02030405u : 0u);
        cr_expect_eq(gd_read_u32le(&reader), size >= 9 ? 0x09080706u : 0u);
        cr_expect_eq(gd_read_u64le(&reader), size >= 17 ? 0x11100f0e0d0c0b0au : 0u);
        const uint8_t *bytes = gd_read_bytes(&reader, 3);
        cr_expect(size >= 20 ? bytes != NULL && memcmp(bytes, data + 17, 3) == 0 : bytes == NULL);
        cr_expect_eq(reader.failed, size < 20);
        cr_expect(reader.at <= size);
        free(exact);
    }
}

Test(reader, a_failure_stays) {
    const uint8_t data[4] = {1, 2, 3, 4};
    gd_reader reader = gd_reader_make(data, 4);
    cr_expect_null(gd_read_bytes(&reader, SIZE_MAX));
    cr_expect(reader.failed);
    cr_expect_eq(gd_read_u8(&reader), 0, "what is there is not read after a failure");
    cr_expect_null(gd_read_bytes(&reader, 0));
    reader = gd_reader_make(NULL, 0);
    cr_expect(gd_read_bytes(&reader, 0) != NULL && !reader.failed);
}

/* Gives nothing from the n-th call on. */
typedef struct failing {
    size_t calls, from, live;
} failing;

static void *failing_allocate(void *user, size_t size, size_t alignment) {
    failing *f = user;
    if (++f->calls >= f->from) return NULL;
    f->live++;
    return aligned_alloc(alignment, gd_round_up(size, alignment));
}

static void failing_release(void *user, void *memory, size_t size, size_t alignment) {
    (void)size;
    (void)alignment;
    ((failing *)user)->live--;
    free(memory);
}

static void write_everything(gd_writer *writer) {
    const float values[] = {1.0f, -0.0f, test_float(0xffffffffu)};
    gd_write_text(writer, "ab");
    gd_write_text(writer, "");
    gd_write_bytes(writer, NULL, 0);
    gd_write_u32le(writer, 0x04030201u);
    gd_write_u64le(writer, 0x0807060504030201u);
    gd_write_f32le(writer, values, 3);
    gd_write_f32le(writer, NULL, 0);
    for (int i = 0; i < 1000; i++) gd_write_text(writer, "0123456789");
}

Test(writer, bytes) {
    const uint8_t expected[] = {'a', 'b', 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x80, 0, 0, 0xc0, 0x7f};
    gradus_allocator allocator = gd_default_allocator();
    gd_writer writer = gd_writer_make(&allocator);
    write_everything(&writer);
    cr_assert_not(writer.failed);
    cr_assert_eq(writer.size, sizeof expected + 10000);
    cr_expect_arr_eq(writer.data, expected, sizeof expected);
    for (size_t i = 0; i < 10000; i++) cr_assert_eq(writer.data[sizeof expected + i], '0' + i % 10);
    gd_writer_free(&writer);
    cr_expect(writer.data == NULL && writer.size == 0);
    gd_writer_free(&writer);
}

Test(writer, every_allocation_fails_once) {
    size_t from = 1;
    for (bool done = false; !done; from++) {
        failing f = {.from = from};
        gradus_allocator allocator = {&f, failing_allocate, failing_release};
        gd_writer writer = gd_writer_make(&allocator);
        write_everything(&writer);
        done = !writer.failed;
        size_t size = writer.size;
        gd_write_u32le(&writer, 1);
        if (!done) cr_expect_eq(writer.size, size, "a failed writer writes nothing");
        gd_writer_free(&writer);
        cr_expect_eq(f.live, 0u);
    }
    cr_expect_gt(from, 4u);
    gradus_allocator allocator = gd_default_allocator();
    gd_writer writer = gd_writer_make(&allocator);
    float value = 1.0f;
    gd_write_text(&writer, "x");
    gd_write_f32le(&writer, &value, SIZE_MAX / 2);
    cr_expect(writer.failed && writer.size == 1, "a size that overflows");
    gd_writer_free(&writer);
}

/* A folder of the test's own is the working folder; its name, to be removed in the end. */
static void enter_folder(char *folder) {
    strcpy(folder, "/tmp/gradus-io-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    cr_assert_eq(chdir(folder), 0);
}

/* Removes what is in the working folder and the folder itself; what was there, but for "." and "..". */
static int leave_folder(const char *folder) {
    int entries = 0;
    DIR *list = opendir(".");
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        entries++;
        remove(entry->d_name);
    }
    closedir(list);
    cr_expect_eq(chdir("/"), 0);
    cr_expect_eq(rmdir(folder), 0);
    return entries;
}

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void expect_content(const char *path, const char *text) {
    gradus_context context = make_context();
    uint8_t *data;
    size_t size;
    cr_assert_eq(gd_file_read(&context, path, 1000, &data, &size), GRADUS_OK, "%s", context.message);
    cr_expect(size == strlen(text) && memcmp(data, text, size) == 0, "%s: %.*s, expected %s", path, (int)size, (char *)data, text);
    gd_release(&context.allocator, data, size);
}

static mode_t mode_of(const char *path) {
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void expect_failed_read(const char *path, size_t limit, gradus_status status, const char *message) {
    gradus_context context = make_context();
    uint8_t *data = (uint8_t *)&context;
    size_t size = 7;
    cr_expect_eq(gd_file_read(&context, path, limit, &data, &size), status);
    cr_expect(data == NULL && size == 0);
    cr_expect_str_eq(context.message, message);
}

Test(file, read) {
    char folder[64];
    enter_folder(folder);
    put("five", "12345");
    put("empty", "");
    mkdir("folder", 0700);
    mkfifo("pipe", 0600);
    errno = ERANGE;
    expect_content("five", "12345");
    expect_content("empty", "");
    cr_expect_eq(errno, ERANGE);
    expect_failed_read("missing", 10, GRADUS_IO, "missing: cannot open: No such file or directory");
    expect_failed_read("five/x", 10, GRADUS_IO, "five/x: cannot open: Not a directory");
    expect_failed_read("folder", 10, GRADUS_IO, "folder: not a regular file");
    expect_failed_read("pipe", 10, GRADUS_IO, "pipe: not a regular file");
    expect_failed_read("/dev/zero", 10, GRADUS_IO, "/dev/zero: not a regular file");
    expect_failed_read("five", 4, GRADUS_BAD_DATA, "five: has 5 bytes, expected at most 4");
    /* says 0 bytes, gives more: as if it grew */
    expect_failed_read("/proc/self/status", 10, GRADUS_IO,
                       "/proc/self/status: its size changed from 0 bytes while it was being read: try again when nothing writes to it");

    failing f = {.from = 1};
    gradus_context context = {.allocator = {&f, failing_allocate, failing_release}};
    uint8_t *data;
    size_t size;
    cr_expect_eq(gd_file_read(&context, "five", 10, &data, &size), GRADUS_OUT_OF_MEMORY);
    cr_expect_str_eq(context.message, "five: out of memory, 5 bytes");
    leave_folder(folder);
}

Test(file, replace) {
    char folder[64];
    gradus_context context = make_context();
    enter_folder(folder);
    umask(027);
    errno = ERANGE;
    cr_expect_eq(gd_file_replace(&context, "new", "first", 5), GRADUS_OK, "%s", context.message);
    cr_expect_eq(errno, ERANGE);
    expect_content("new", "first");
    cr_expect_eq(mode_of("new"), 0640u);
    chmod("new", 0604);
    char path[100];
    snprintf(path, sizeof path, "%s/new", folder);
    cr_expect_eq(gd_file_replace(&context, path, "second", 6), GRADUS_OK, "%s", context.message);
    expect_content("new", "second");
    cr_expect_eq(mode_of("new"), 0604u, "the old file's mode is kept");
    cr_expect_eq(gd_file_replace(&context, "new", NULL, 0), GRADUS_OK);
    expect_content("new", "");

    char longest[256]; /* a name that has no room for a suffix */
    memset(longest, 'n', 255);
    longest[255] = 0;
    cr_expect_eq(gd_file_replace(&context, longest, "long", 4), GRADUS_OK, "%s", context.message);
    expect_content(longest, "long");

    char foreign[64]; /* a temporary file of someone else's is neither used nor removed */
    snprintf(foreign, sizeof foreign, ".gradus-%ld-0.tmp", (long)getpid());
    put(foreign, "foreign");
    cr_expect_eq(gd_file_replace(&context, "new", "third", 5), GRADUS_OK);
    expect_content("new", "third");
    expect_content(foreign, "foreign");
    cr_expect_eq(leave_folder(folder), 3);
}

Test(file, replace_follows_links) {
    char folder[64];
    gradus_context context = make_context();
    enter_folder(folder);
    mkdir("inner", 0700);
    put("inner/target", "old");
    cr_assert_eq(symlink("target", "inner/link") | symlink("inner/link", "chain") | symlink("inner/fresh", "dangling") | symlink("loop", "loop"), 0);
    struct stat before, after;
    cr_expect_eq(gd_file_replace(&context, "chain", "new", 3), GRADUS_OK, "%s", context.message);
    expect_content("inner/target", "new");
    cr_expect(lstat("chain", &before) == 0 && S_ISLNK(before.st_mode));
    cr_expect(lstat("inner/link", &after) == 0 && S_ISLNK(after.st_mode));
    cr_expect_eq(gd_file_replace(&context, "dangling", "made", 4), GRADUS_OK, "%s", context.message);
    expect_content("inner/fresh", "made");
    char absolute[128];
    snprintf(absolute, sizeof absolute, "%s/inner/target", folder);
    cr_assert_eq(symlink(absolute, "absolute"), 0);
    cr_expect_eq(gd_file_replace(&context, "absolute", "again", 5), GRADUS_OK, "%s", context.message);
    expect_content("inner/target", "again");
    cr_expect_eq(gd_file_replace(&context, "loop", "x", 1), GRADUS_IO);
    cr_expect_str_eq(context.message, "loop: cannot write: Too many levels of symbolic links");
    remove("inner/target");
    remove("inner/link");
    remove("inner/fresh");
    cr_expect_eq(leave_folder(folder), 5, "temporary files were left");
}

static void expect_failed_replace(const char *path, const char *message) {
    gradus_context context = make_context();
    cr_expect_eq(gd_file_replace(&context, path, "x", 1), GRADUS_IO);
    cr_expect_str_eq(context.message, message);
}

Test(file, replace_refuses) {
    char folder[64], longer[300], message[600];
    enter_folder(folder);
    mkdir("inner", 0700);
    mkfifo("pipe", 0600); /* not a device of the machine's: were it replaced, the machine would lose it */
    put("file", "old");
    expect_failed_replace("missing/file", "missing/file: cannot open its folder: No such file or directory");
    expect_failed_replace("file/x", "file/x: cannot write: Not a directory");
    expect_failed_replace("inner", "inner: cannot write: not a regular file");
    expect_failed_replace("inner/", "'inner/': cannot write: expected a path that ends in a file's name");
    expect_failed_replace("", "'': cannot write: expected a path that ends in a file's name");
    expect_failed_replace("pipe", "pipe: cannot write: not a regular file");
    memset(longer, 'n', sizeof longer);
    longer[sizeof longer - 1] = 0;
    snprintf(message, sizeof message, "%s: cannot write: File name too long", longer);
    expect_failed_replace(longer, message);
    cr_expect_eq(leave_folder(folder), 3);
}

/* The disk's end, played by a limit on the size of files. */
Test(file, replace_cleans_up_when_it_cannot_write) {
    enum { SIZE = 100000 };
    char folder[64], *data = calloc(1, SIZE);
    gradus_context context = make_context();
    enter_folder(folder);
    put("file", "old");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit usual, small;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = usual;
    small.rlim_cur = SIZE / 2;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    gradus_status full = gd_file_replace(&context, "file", data, SIZE), fresh = gd_file_replace(&context, "fresh", data, SIZE);
    setrlimit(RLIMIT_FSIZE, &usual);
    cr_expect_eq(full, GRADUS_IO);
    cr_expect_eq(fresh, GRADUS_IO);
    cr_expect_str_eq(context.message, "fresh: cannot write: File too large");
    expect_content("file", "old");
    cr_expect_eq(gd_file_replace(&context, "file", data, SIZE), GRADUS_OK);
    uint8_t *read;
    size_t size;
    cr_assert_eq(gd_file_read(&context, "file", SIZE, &read, &size), GRADUS_OK);
    cr_expect(size == SIZE && memcmp(read, data, SIZE) == 0);
    gd_release(&context.allocator, read, size);
    free(data);
    cr_expect_eq(leave_folder(folder), 1, "temporary files were left");
}
