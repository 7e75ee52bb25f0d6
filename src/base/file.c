/* Reading a whole file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "base/io.h"
#include "base/memory.h"

/* strerror's text, thread-safe: glibc's strerror_r, or POSIX's. */
static const char *error_text(int error, char *buffer, size_t size) {
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return strerror_r(error, buffer, size);
#else
    return strerror_r(error, buffer, size) == 0 ? buffer : "unknown error";
#endif
}

gradus_status gd_fail_io(gradus_context *context, const char *path, const char *what, int error) {
    char text[128];
    return gd_fail(context, GRADUS_IO, "%s: %s: %s", path, what, error_text(error, text, sizeof text));
}

/* How many of `size` bytes were there, or -1 with errno. */
static ptrdiff_t read_up_to(int file, uint8_t *data, size_t size) {
    size_t at = 0;
    while (at < size) {
        ssize_t n = read(file, data + at, size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        at += (size_t)n;
    }
    return (ptrdiff_t)at;
}

static gradus_status read_all(gradus_context *context, const char *path, int file, uint8_t *data, size_t size) {
    uint8_t more;
    ptrdiff_t n = read_up_to(file, data, size);
    ptrdiff_t beyond = n < 0 ? -1 : read_up_to(file, &more, 1);
    if (beyond < 0) return gd_fail_io(context, path, "cannot read", errno);
    if ((size_t)n < size || beyond > 0)
        return gd_fail(context, GRADUS_IO, "%s: its size changed from %zu bytes while it was being read: try again when nothing writes to it", path,
                       size);
    return GRADUS_OK;
}

static gradus_status read_open(gradus_context *context, const char *path, int file, size_t limit, uint8_t **data, size_t *size) {
    struct stat info;
    if (fstat(file, &info) != 0) return gd_fail_io(context, path, "cannot read", errno);
    if (!S_ISREG(info.st_mode)) return gd_fail(context, GRADUS_IO, "%s: not a regular file", path);
    if (info.st_size < 0 || (uintmax_t)info.st_size > limit)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: has %jd bytes, expected at most %zu", path, (intmax_t)info.st_size, limit);
    void *memory;
    gradus_status status = gd_context_allocate(context, (size_t)info.st_size, path, &memory);
    if (status != GRADUS_OK) return status;
    status = read_all(context, path, file, memory, (size_t)info.st_size);
    if (status != GRADUS_OK) {
        gd_release(&context->allocator, memory, (size_t)info.st_size);
        return status;
    }
    *data = memory;
    *size = (size_t)info.st_size;
    return GRADUS_OK;
}

gradus_status gd_file_read(gradus_context *context, const char *path, size_t limit, uint8_t **data, size_t *size) {
    int kept = errno;
    *data = NULL;
    *size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe must not hang the open; it is refused afterwards */
    if (file < 0) return gd_fail_io(context, path, "cannot open", errno);
    gradus_status status = read_open(context, path, file, limit, data, size);
    close(file); /* nothing was written: no error to lose */
    errno = kept;
    return status;
}
