/* Bytes in and out: a bounded reader and a growing writer in memory, whole files, atomic replacement of a file. */
#ifndef GD_BASE_IO_H
#define GD_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

/* Reads values from memory it never leaves: after the first read past the end `failed` is set and every read gives 0. */
typedef struct gd_reader {
    const uint8_t *data;
    size_t size, at;
    bool failed;
} gd_reader;

gd_reader gd_reader_make(const void *data, size_t size);
const uint8_t *gd_read_bytes(gd_reader *reader, size_t n); /* NULL when there are not that many */
uint8_t gd_read_u8(gd_reader *reader);
uint32_t gd_read_u32be(gd_reader *reader);
uint32_t gd_read_u32le(gd_reader *reader);
uint64_t gd_read_u64le(gd_reader *reader);

/* Collects bytes in memory of the allocator's; after a failed allocation `failed` is set and writes do nothing. */
typedef struct gd_writer {
    const gradus_allocator *allocator;
    uint8_t *data;
    size_t size, capacity;
    bool failed;
} gd_writer;

gd_writer gd_writer_make(const gradus_allocator *allocator);
void gd_writer_free(gd_writer *writer);
void gd_writer_reserve(gd_writer *writer, size_t n); /* room for n more bytes at once */
void gd_write_bytes(gd_writer *writer, const void *data, size_t n);
void gd_write_text(gd_writer *writer, const char *text);
void gd_write_u32le(gd_writer *writer, uint32_t value);
void gd_write_u64le(gd_writer *writer, uint64_t value);
/* Every NaN is written as 0x7fc00000. */
void gd_write_f32le(gd_writer *writer, const float *values, size_t n);

/* gd_fail for a system call: GRADUS_IO, "path: what: the error number's text". Thread-safe. */
gradus_status gd_fail_io(gradus_context *context, const char *path, const char *what, int error);

/* Reads a whole regular file into memory (release with gd_release, *size bytes). More than `limit` bytes is GRADUS_BAD_DATA. Messages name the path
 * and the cause. */
gradus_status gd_file_read(gradus_context *context, const char *path, size_t limit, uint8_t **data, size_t *size);

/* Replaces `path` by `size` bytes atomically: a temporary file beside it, written, fsynced, closed, renamed over it, the folder fsynced. After any
 * error the old file is intact and the temporary one removed, except that a folder that cannot be synced is an error with the new file in place,
 * whole. What is there but is not a regular file (a folder, a device) is refused. A symbolic link is followed to its target; an existing file's
 * permission bits are kept, else 0666 & ~umask. */
gradus_status gd_file_replace(gradus_context *context, const char *path, const void *data, size_t size);

/* The same, but what was in place becomes the previous file, `path` with "-previous" before its last point ("last-previous.safetensors"), over any
 * older one. At every moment one of the two is there, whole. After any error the file in place is as it was. */
gradus_status gd_file_rotate(gradus_context *context, const char *path, const void *data, size_t size);

/* Where gd_file_rotate puts the previous file: beside the target of a link. false: the path is too long, or a loop of links. */
enum { GD_PATH_SIZE = 4096 };
bool gd_file_previous(const char *path, char previous[GD_PATH_SIZE]);

#endif
