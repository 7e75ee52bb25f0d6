/* The bytes of a regular file, plain or gzip, read once from front to back. */
#ifndef GD_DATA_BYTE_FILE_H
#define GD_DATA_BYTE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <gradus/context.h>

typedef struct gd_byte_file gd_byte_file;

/* Opens `path`, which the caller keeps alive; gzip: what is read is the inflated content. BAD_DATA: an empty file, or no regular file.
 * UNSUPPORTED: gzip, and the build has no zlib. */
gradus_status gd_byte_file_open(gradus_context *context, const char *path, bool gzip, gd_byte_file **file);

/* The same for a file that is gzip if its first two bytes say so, or a pipe or terminal, whose bytes are read as they come. */
gradus_status gd_byte_file_open_any(gradus_context *context, const char *path, gd_byte_file **file);
void gd_byte_file_close(gd_byte_file *file);

/* Reads n bytes; *got < n only at the end of the content, whose gzip checksum has been verified then. BAD_DATA: not gzip, damaged, cut short. */
gradus_status gd_byte_file_read(gradus_context *context, gd_byte_file *file, void *to, size_t n, size_t *got);

/* The file's own size in bytes, and the most bytes of content a file of this size can give (a pipe: 0 and
 * SIZE_MAX). */
size_t gd_byte_file_size(const gd_byte_file *file);
size_t gd_byte_file_most(const gd_byte_file *file);

/* One read of an open file; *got = 0 at its end. */
gradus_status gd_read_some(gradus_context *context, const char *path, int descriptor, void *to, size_t n, size_t *got);

#endif
