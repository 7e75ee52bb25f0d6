/* The bytes of a regular file, plain or gzip. */
#include "data/byte_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "data/gzip.h"

enum { INFLATE_MOST = 1032 /* deflate's best: 258 bytes from 2 bits */ };

struct gd_byte_file {
    gradus_allocator allocator;
    const char *path;
    int descriptor;
    bool ended, piped; /* piped: its size is not known */
    size_t size;
    gd_gzip *gzip; /* NULL: the content is the file itself */
};

/* A pipe or a terminal gives its bytes as they come, so reads may wait from now on. */
static bool waits(const struct stat *facts, int descriptor) {
    if (!S_ISFIFO(facts->st_mode) && !S_ISCHR(facts->st_mode) && !S_ISSOCK(facts->st_mode)) return false;
    const int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

/* O_NONBLOCK: a FIFO of that name must not hang the caller. */
static gradus_status open_descriptor(gradus_context *context, gd_byte_file *file, bool pipes) {
    struct stat facts;
    file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->descriptor < 0 || fstat(file->descriptor, &facts))
        return gd_fail(context, GRADUS_IO, "%s: cannot open it: %s", file->path, strerror(errno));
    file->piped = pipes && waits(&facts, file->descriptor);
    if (file->piped) return GRADUS_OK;
    if (!S_ISREG(facts.st_mode)) return gd_fail(context, GRADUS_BAD_DATA, "%s: not a regular file", file->path);
    if (facts.st_size == 0) return gd_fail(context, GRADUS_BAD_DATA, "%s: the file is empty", file->path);
    file->size = (size_t)facts.st_size;
    return GRADUS_OK;
}

static gradus_status make(gradus_context *context, const char *path, bool pipes, gd_byte_file **file) {
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, sizeof(gd_byte_file), path, &memory);
    if (status) return status;
    gd_byte_file *made = memory;
    memset(made, 0, sizeof *made);
    made->allocator = context->allocator;
    made->path = path;
    status = open_descriptor(context, made, pipes);
    if (status)
        gd_byte_file_close(made);
    else
        *file = made;
    return status;
}

gradus_status gd_byte_file_open(gradus_context *context, const char *path, bool gzip, gd_byte_file **file) {
    gd_byte_file *made;
    gradus_status status = make(context, path, false, &made);
    if (status) return status;
    if (gzip) status = gd_gzip_create(context, path, made->descriptor, made->size, &made->gzip);
    if (status)
        gd_byte_file_close(made);
    else
        *file = made;
    return status;
}

gradus_status gd_byte_file_open_any(gradus_context *context, const char *path, gd_byte_file **file) {
    uint8_t first[2];
    size_t got = 0;
    gd_byte_file *made;
    gradus_status status = make(context, path, true, &made);
    if (status) return status;
    if (!made->piped) {
        status = gd_byte_file_read(context, made, first, sizeof first, &got);
        made->ended = false;
        if (lseek(made->descriptor, 0, SEEK_SET) != 0) status = gd_fail(context, GRADUS_IO, "%s: cannot read it: %s", path, strerror(errno));
    }
    if (!status && got == 2 && first[0] == 0x1f && first[1] == 0x8b)
        status = gd_gzip_create(context, path, made->descriptor, made->size, &made->gzip);
    if (status)
        gd_byte_file_close(made);
    else
        *file = made;
    return status;
}

void gd_byte_file_close(gd_byte_file *file) {
    if (!file) return;
    gradus_allocator allocator = file->allocator;
    gd_gzip_destroy(file->gzip);
    if (file->descriptor >= 0) close(file->descriptor);
    gd_release(&allocator, file, sizeof *file);
}

size_t gd_byte_file_size(const gd_byte_file *file) { return file->size; }

size_t gd_byte_file_most(const gd_byte_file *file) {
    size_t most = file->piped ? SIZE_MAX : file->size;
    if (file->gzip) (void)gd_size_multiply(file->size, INFLATE_MOST, &most);
    return most;
}

gradus_status gd_read_some(gradus_context *context, const char *path, int descriptor, void *to, size_t n, size_t *got) {
    ssize_t count;
    do count = read(descriptor, to, n);
    while (count < 0 && errno == EINTR);
    *got = count > 0 ? (size_t)count : 0;
    return count < 0 ? gd_fail(context, GRADUS_IO, "%s: cannot read it: %s", path, strerror(errno)) : GRADUS_OK;
}

static gradus_status read_plain(gradus_context *context, gd_byte_file *file, void *to, size_t n, size_t *got) {
    gradus_status status = gd_read_some(context, file->path, file->descriptor, to, n, got);
    file->ended = *got == 0;
    return status;
}

gradus_status gd_byte_file_read(gradus_context *context, gd_byte_file *file, void *to, size_t n, size_t *got) {
    enum { MOST_AT_ONCE = 1 << 30 }; /* what both read and zlib can count */
    *got = 0;
    while (*got < n && !file->ended) {
        size_t left = n - *got, count = 0;
        if (left > MOST_AT_ONCE) left = MOST_AT_ONCE;
        unsigned char *next = (unsigned char *)to + *got;
        gradus_status status =
            file->gzip ? gd_gzip_read(context, file->gzip, next, left, &count, &file->ended) : read_plain(context, file, next, left, &count);
        if (status) return status;
        *got += count;
    }
    return GRADUS_OK;
}
