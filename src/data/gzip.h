/* The content of a gzip file. gzip.c inflates with zlib; a build without zlib has no_gzip.c in its place, which refuses such files. */
#ifndef GD_DATA_GZIP_H
#define GD_DATA_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

typedef struct gd_gzip gd_gzip;

/* Begins to inflate the `size` bytes of `path`, open as `descriptor`; the caller keeps both. UNSUPPORTED: built without zlib. */
gradus_status gd_gzip_create(gradus_context *context, const char *path, int descriptor, size_t size, gd_gzip **gzip);
void gd_gzip_destroy(gd_gzip *gzip);

/* Inflates some bytes, at most n (under 2^31); *ended: that was the last of them, and the checksum fits. BAD_DATA: not gzip, damaged, cut short. */
gradus_status gd_gzip_read(gradus_context *context, gd_gzip *gzip, void *to, size_t n, size_t *got, bool *ended);

/* Inflates a deflate stream in memory to exactly `size` bytes whose CRC-32 is `crc`. BAD_DATA, with path and name: anything else. */
gradus_status gd_inflate(gradus_context *context, const char *path, const char *name, const uint8_t *from, size_t from_size, uint8_t *to, size_t size,
                         uint32_t crc);

#endif
