/* The bytes of a regular file, plain or gzip (zlib's inflate, on the context's allocator). */
#include "data/byte_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/context.h"

enum {
    INPUT_SIZE = 65536,
    INFLATE_MOST = 1032, /* deflate's best: 258 bytes from 2 bits */
    GZIP_FIRST_BYTE = 0x1f,
    GZIP_ONLY = 15 + 16 /* zlib's windowBits: the largest window, gzip's wrapper and no other */
};

struct gd_byte_file {
    gradus_allocator allocator;
    const char *path;
    int descriptor;
    bool gzip, inflating, joined, ended; /* joined: past the first gzip member */
    size_t size;
    z_stream inflater;
    unsigned char input[INPUT_SIZE];
};

/* zlib gives no size back with a block, so it stands before it. */
static void *zlib_allocate(void *user, unsigned items, unsigned item_size) {
    size_t size;
    if (!gd_size_multiply(items, item_size, &size) || !gd_size_add(size, GD_ALIGNMENT, &size)) return NULL;
    unsigned char *block = gd_allocate(user, size);
    if (!block) return NULL;
    memcpy(block, &size, sizeof size);
    return block + GD_ALIGNMENT;
}

static void zlib_release(void *user, void *memory) {
    unsigned char *block = (unsigned char *)memory - GD_ALIGNMENT;
    size_t size;
    memcpy(&size, block, sizeof size);
    gd_release(user, block, size);
}

/* O_NONBLOCK: a FIFO of that name must not hang the caller. */
static gradus_status open_regular(gradus_context *context, gd_byte_file *file) {
    struct stat facts;
    file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor < 0 || fstat(file->descriptor, &facts))
        return gd_fail(context, GRADUS_IO, "%s: cannot open it: %s", file->path, strerror(errno));
    if (!S_ISREG(facts.st_mode)) return gd_fail(context, GRADUS_BAD_DATA, "%s: not a regular file", file->path);
    if (facts.st_size == 0) return gd_fail(context, GRADUS_BAD_DATA, "%s: the file is empty", file->path);
    file->size = (size_t)facts.st_size;
    return GRADUS_OK;
}

static gradus_status start_inflating(gradus_context *context, gd_byte_file *file) {
    file->inflater.zalloc = zlib_allocate;
    file->inflater.zfree = zlib_release;
    file->inflater.opaque = &file->allocator;
    if (inflateInit2(&file->inflater, GZIP_ONLY) != Z_OK) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory to inflate it", file->path);
    file->inflating = true;
    return GRADUS_OK;
}

gradus_status gd_byte_file_open(gradus_context *context, const char *path, bool gzip, gd_byte_file **file) {
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, sizeof(gd_byte_file), path, &memory);
    if (status) return status;
    gd_byte_file *made = memory;
    memset(made, 0, sizeof *made);
    made->allocator = context->allocator;
    made->path = path;
    made->gzip = gzip;
    status = open_regular(context, made);
    if (!status && gzip) status = start_inflating(context, made);
    if (status)
        gd_byte_file_close(made);
    else
        *file = made;
    return status;
}

void gd_byte_file_close(gd_byte_file *file) {
    if (!file) return;
    gradus_allocator allocator = file->allocator;
    if (file->inflating) inflateEnd(&file->inflater);
    if (file->descriptor >= 0) close(file->descriptor);
    gd_release(&allocator, file, sizeof *file);
}

size_t gd_byte_file_size(const gd_byte_file *file) { return file->size; }

size_t gd_byte_file_most(const gd_byte_file *file) {
    size_t most = file->size;
    if (file->gzip) (void)gd_size_multiply(file->size, INFLATE_MOST, &most);
    return most;
}

/* One read of the file itself; *got = 0 at its end. */
static gradus_status read_some(gradus_context *context, gd_byte_file *file, void *to, size_t n, size_t *got) {
    ssize_t count;
    do count = read(file->descriptor, to, n);
    while (count < 0 && errno == EINTR);
    *got = count > 0 ? (size_t)count : 0;
    return count < 0 ? gd_fail(context, GRADUS_IO, "%s: cannot read it: %s", file->path, strerror(errno)) : GRADUS_OK;
}

static gradus_status refill(gradus_context *context, gd_byte_file *file) {
    size_t count;
    gradus_status status = read_some(context, file, file->input, INPUT_SIZE, &count);
    file->inflater.next_in = file->input;
    file->inflater.avail_in = (uInt)count;
    return status;
}

static gradus_status not_gzip(gradus_context *context, const gd_byte_file *file) {
    return gd_fail(context, GRADUS_BAD_DATA, "%s: expected %s, found something else", file->path,
                   file->joined ? "the end of the gzip data" : "gzip data");
}

/* At the end of a gzip member: the content ends here, or another member follows (gzip files may be joined). */
static gradus_status end_member(gradus_context *context, gd_byte_file *file) {
    if (file->inflater.avail_in == 0) {
        gradus_status status = refill(context, file);
        if (status) return status;
    }
    file->joined = true;
    file->ended = file->inflater.avail_in == 0;
    if (file->ended) return GRADUS_OK;
    inflateReset(&file->inflater);
    return file->inflater.next_in[0] == GZIP_FIRST_BYTE ? GRADUS_OK : not_gzip(context, file);
}

static gradus_status inflate_failed(gradus_context *context, const gd_byte_file *file, int result) {
    const z_stream *inflater = &file->inflater;
    if (result == Z_MEM_ERROR) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory to inflate it", file->path);
    if (inflater->total_out == 0 && inflater->msg && strcmp(inflater->msg, "incorrect header check") == 0) return not_gzip(context, file);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: the gzip data is damaged (%s)", file->path,
                   inflater->msg ? inflater->msg : "no valid deflate block");
}

static gradus_status inflate_some(gradus_context *context, gd_byte_file *file, void *to, size_t n, size_t *got) {
    z_stream *inflater = &file->inflater;
    if (inflater->avail_in == 0) {
        gradus_status status = refill(context, file);
        if (status) return status;
        if (inflater->avail_in == 0) return gd_fail(context, GRADUS_BAD_DATA, "%s: the gzip data is cut short (%zu bytes)", file->path, file->size);
    }
    inflater->next_out = to;
    inflater->avail_out = (uInt)n;
    int result = inflate(inflater, Z_NO_FLUSH);
    *got = n - inflater->avail_out;
    if (result == Z_STREAM_END) return end_member(context, file);
    return result == Z_OK || result == Z_BUF_ERROR ? GRADUS_OK : inflate_failed(context, file, result);
}

gradus_status gd_byte_file_read(gradus_context *context, gd_byte_file *file, void *to, size_t n, size_t *got) {
    enum { MOST_AT_ONCE = 1 << 30 }; /* what both read and zlib can count */
    *got = 0;
    while (*got < n && !file->ended) {
        size_t left = n - *got, count = 0;
        if (left > MOST_AT_ONCE) left = MOST_AT_ONCE;
        unsigned char *next = (unsigned char *)to + *got;
        gradus_status status = file->gzip ? inflate_some(context, file, next, left, &count) : read_some(context, file, next, left, &count);
        if (status) return status;
        if (!file->gzip) file->ended = count == 0;
        *got += count;
    }
    return GRADUS_OK;
}
