/* Pictures in shades of grey as PNG files in memory. */
#ifndef GD_REPORT_PNG_H
#define GD_REPORT_PNG_H

#include "base/io.h"

/* pixels: [height][width], 0 black .. 255 white; 1 <= height, width < 2^31. Stored, not compressed: the pictures are small, and the bytes are the
 * same with every zlib and without one. After a failed allocation out->failed is set. */
void gd_png_write(gd_writer *out, const uint8_t *pixels, size_t height, size_t width);

#endif
