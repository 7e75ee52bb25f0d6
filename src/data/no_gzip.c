/* Stands for gzip.c in a build without zlib. */
#include "base/context.h"
#include "data/gzip.h"

gradus_status gd_gzip_create(gradus_context *context, const char *path, int descriptor, size_t size, gd_gzip **gzip) {
    (void)descriptor, (void)size;
    *gzip = NULL;
    return gd_fail(context, GRADUS_UNSUPPORTED, "%s: this build has no zlib and cannot read gzip: unpack the file", path);
}

void gd_gzip_destroy(gd_gzip *gzip) { (void)gzip; }

gradus_status gd_gzip_read(gradus_context *context, gd_gzip *gzip, void *to, size_t n, size_t *got, bool *ended) {
    (void)context, (void)gzip, (void)to, (void)n, (void)got, (void)ended;
    return GRADUS_UNSUPPORTED;
}

gradus_status gd_inflate(gradus_context *context, const char *path, const char *name, const uint8_t *from, size_t from_size, uint8_t *to, size_t size,
                         uint32_t crc) {
    (void)from, (void)from_size, (void)to, (void)size, (void)crc;
    return gd_fail(context, GRADUS_UNSUPPORTED, "%s: this build has no zlib and cannot read %s: save the arrays uncompressed", path, name);
}
