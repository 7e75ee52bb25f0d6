/* Whole files in memory. */
#include <string.h>

#include "base/context.h"
#include "base/io.h"
#include "data/byte_file.h"
#include "data/mapping.h"
#include "data/sheet.h"

void gd_region_release(const gradus_allocator *allocator, gd_region *region) {
    if (!region->mapped) gd_release(allocator, region->data, region->size);
    gd_unmap(region);
}

/* All that a file gives: its size is not known before, if it is gzip. */
static gradus_status read_all(gradus_context *context, const char *path, gd_byte_file *file, gd_writer *out) {
    enum { PIECE = 1 << 16 };
    void *piece;
    size_t got = PIECE;
    gradus_status status = gd_context_allocate(context, PIECE, path, &piece);
    while (!status && got == PIECE) {
        status = gd_byte_file_read(context, file, piece, PIECE, &got);
        if (!status) gd_write_bytes(out, piece, got);
        if (out->failed) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory for its content", path);
    }
    gd_release(&context->allocator, piece, PIECE);
    return status;
}

gradus_status gd_region_read(gradus_context *context, const char *path, gd_region *region, size_t *size) {
    gd_byte_file *file;
    gd_writer out = gd_writer_make(&context->allocator);
    gradus_status status = gd_byte_file_open_any(context, path, &file);
    if (status) return status;
    *size = gd_byte_file_size(file);
    const bool large = gd_byte_file_most(file) == *size && *size >= gd_map_from;
    status = large ? gd_map(context, path, *size, region) : read_all(context, path, file, &out);
    gd_byte_file_close(file);
    if (large) return status;
    *size = out.size;
    if (status)
        gd_writer_free(&out);
    else
        *region = (gd_region){out.data, out.capacity, false};
    return status;
}
