/* The content of a gzip file. gzip.c inflates with zlib; a build without zlib has no_gzip.c in its place, which refuses such files. */
#ifndef GD_DATA_GZIP_H
#define GD_DATA_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include <gradus/context.h>

typedef struct gd_gzip gd_gzip;

/* Begins to inflate the `size` bytes of `path`, open as `descriptor`; the caller keeps both. UNSUPPORTED: built without zlib. */
gradus_status gd_gzip_create(gradus_context *context, const char *path, int descriptor, size_t size, gd_gzip **gzip);
void gd_gzip_destroy(gd_gzip *gzip);

/* Inflates some bytes, at most n (under 2^31); *ended: that was the last of them, and the checksum fits. BAD_DATA: not gzip, damaged, cut short. */
gradus_status gd_gzip_read(gradus_context *context, gd_gzip *gzip, void *to, size_t n, size_t *got, bool *ended);

#endif
