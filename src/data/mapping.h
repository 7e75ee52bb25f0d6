/* Files mapped into memory, where copies would be too large. */
#ifndef GD_DATA_MAPPING_H
#define GD_DATA_MAPPING_H

#include "data/dataset.h"

/* Arrays from here on are mapped. Smaller ones are copied: what later happens to their files does not matter then. */
static const size_t gd_map_from = (size_t)64 << 20;

/* Maps a regular file, read-only, if it still has `size` bytes, as was seen before. Unmapped with the data set it is placed in, or by gd_unmap.
 * Errors: IO. */
gradus_status gd_map(gradus_context *context, const char *path, size_t size, gd_region *region);
void gd_unmap(gd_region *region);

#endif
