/* The content of a gzip file, by zlib's inflate on the context's allocator. */
#include "data/gzip.h"

#include <string.h>
#include <zlib.h>

#include "base/context.h"
#include "data/byte_file.h"

enum {
    INPUT_SIZE = 65536,
    GZIP_FIRST_BYTE = 0x1f,
    GZIP_ONLY = 15 + 16, /* zlib's windowBits: the largest window, gzip's wrapper and no other */
    BARE = -15,          /* no wrapper */
    MOST_AT_ONCE = 1 << 30
};

struct gd_gzip {
    gradus_allocator allocator;
    const char *path;
    int descriptor;
    bool inflating, joined; /* joined: past the first member */
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

static gradus_status no_memory(gradus_context *context, const char *path) {
    return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory to inflate it", path);
}

gradus_status gd_gzip_create(gradus_context *context, const char *path, int descriptor, size_t size, gd_gzip **gzip) {
    void *memory = NULL;
    *gzip = NULL;
    gradus_status status = gd_context_allocate(context, sizeof(gd_gzip), path, &memory);
    if (status) return status;
    gd_gzip *made = memory;
    memset(made, 0, sizeof *made);
    made->allocator = context->allocator;
    made->path = path;
    made->descriptor = descriptor;
    made->size = size;
    made->inflater.zalloc = zlib_allocate;
    made->inflater.zfree = zlib_release;
    made->inflater.opaque = &made->allocator;
    made->inflating = inflateInit2(&made->inflater, GZIP_ONLY) == Z_OK;
    if (made->inflating)
        *gzip = made;
    else
        gd_gzip_destroy(made);
    return *gzip ? GRADUS_OK : no_memory(context, path);
}

void gd_gzip_destroy(gd_gzip *gzip) {
    if (!gzip) return;
    gradus_allocator allocator = gzip->allocator;
    if (gzip->inflating) inflateEnd(&gzip->inflater);
    gd_release(&allocator, gzip, sizeof *gzip);
}

static gradus_status refill(gradus_context *context, gd_gzip *gzip) {
    size_t count;
    gradus_status status = gd_read_some(context, gzip->path, gzip->descriptor, gzip->input, INPUT_SIZE, &count);
    gzip->inflater.next_in = gzip->input;
    gzip->inflater.avail_in = (uInt)count;
    return status;
}

static gradus_status not_gzip(gradus_context *context, const gd_gzip *gzip) {
    return gd_fail(context, GRADUS_BAD_DATA, "%s: expected %s, found something else", gzip->path,
                   gzip->joined ? "the end of the gzip data" : "gzip data");
}

/* At the end of a gzip member: the content ends here, or another member follows (gzip files may be joined). */
static gradus_status end_member(gradus_context *context, gd_gzip *gzip, bool *ended) {
    if (gzip->inflater.avail_in == 0) {
        gradus_status status = refill(context, gzip);
        if (status) return status;
    }
    gzip->joined = true;
    *ended = gzip->inflater.avail_in == 0;
    if (*ended) return GRADUS_OK;
    inflateReset(&gzip->inflater);
    return gzip->inflater.next_in[0] == GZIP_FIRST_BYTE ? GRADUS_OK : not_gzip(context, gzip);
}

static gradus_status inflate_failed(gradus_context *context, const gd_gzip *gzip, int result) {
    const z_stream *inflater = &gzip->inflater;
    if (result == Z_MEM_ERROR) return no_memory(context, gzip->path);
    if (inflater->total_out == 0 && inflater->msg && strcmp(inflater->msg, "incorrect header check") == 0) return not_gzip(context, gzip);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: the gzip data is damaged (%s)", gzip->path,
                   inflater->msg ? inflater->msg : "no valid deflate block");
}

gradus_status gd_gzip_read(gradus_context *context, gd_gzip *gzip, void *to, size_t n, size_t *got, bool *ended) {
    z_stream *inflater = &gzip->inflater;
    if (inflater->avail_in == 0) {
        gradus_status status = refill(context, gzip);
        if (status) return status;
        if (inflater->avail_in == 0) return gd_fail(context, GRADUS_BAD_DATA, "%s: the gzip data is cut short (%zu bytes)", gzip->path, gzip->size);
    }
    inflater->next_out = to;
    inflater->avail_out = (uInt)n;
    int result = inflate(inflater, Z_NO_FLUSH);
    *got = n - inflater->avail_out;
    if (result == Z_STREAM_END) return end_member(context, gzip, ended);
    return result == Z_OK || result == Z_BUF_ERROR ? GRADUS_OK : inflate_failed(context, gzip, result);
}

/* Feeds the stream piece by piece, since it counts in 32 bits; the result of the last call. */
static int inflate_all(z_stream *inflater, const uint8_t *from, size_t from_size, uint8_t *to, size_t size) {
    int result = Z_OK;
    inflater->next_in = (Bytef *)(uintptr_t)from;
    inflater->next_out = to;
    while (result == Z_OK) {
        const size_t in_left = from_size - (size_t)(inflater->next_in - from), out_left = size - (size_t)(inflater->next_out - to);
        inflater->avail_in = (uInt)gd_least(in_left, MOST_AT_ONCE);
        inflater->avail_out = (uInt)gd_least(out_left, MOST_AT_ONCE);
        result = inflate(inflater, Z_NO_FLUSH);
    }
    return result;
}

static uint32_t crc_of(const uint8_t *data, size_t size) {
    uLong crc = crc32(0, NULL, 0);
    for (size_t at = 0; at < size; at += MOST_AT_ONCE) crc = crc32(crc, data + at, (uInt)gd_least(size - at, MOST_AT_ONCE));
    return (uint32_t)crc;
}

gradus_status gd_inflate(gradus_context *context, const char *path, const char *name, const uint8_t *from, size_t from_size, uint8_t *to, size_t size,
                         uint32_t crc) {
    z_stream inflater = {.zalloc = zlib_allocate, .zfree = zlib_release, .opaque = &context->allocator};
    if (inflateInit2(&inflater, BARE) != Z_OK) return no_memory(context, path);
    const int result = inflate_all(&inflater, from, from_size, to, size);
    const bool whole = result == Z_STREAM_END && (size_t)(inflater.next_out - to) == size && crc_of(to, size) == crc;
    inflateEnd(&inflater);
    if (result == Z_MEM_ERROR) return no_memory(context, path);
    return whole ? GRADUS_OK : gd_fail(context, GRADUS_BAD_DATA, "%s: the compressed data of %s are damaged", path, name);
}
