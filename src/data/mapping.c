/* Mapping files. */
#include "data/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "base/io.h"

static gradus_status map_open(gradus_context *context, const char *path, int descriptor, size_t size, gd_region *region) {
    struct stat facts;
    if (fstat(descriptor, &facts)) return gd_fail_io(context, path, "cannot read it", errno);
    if (facts.st_size < 0 || (size_t)facts.st_size != size)
        return gd_fail(context, GRADUS_IO, "%s: its size changed from %zu bytes while it was being read: try again when nothing writes to it", path,
                       size);
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) return gd_fail_io(context, path, "cannot map it into memory", errno);
    *region = (gd_region){data, size, true};
    return GRADUS_OK;
}

gradus_status gd_map(gradus_context *context, const char *path, size_t size, gd_region *region) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return gd_fail_io(context, path, "cannot open it", errno);
    gradus_status status = map_open(context, path, descriptor, size, region);
    close(descriptor);
    return status;
}

void gd_unmap(gd_region *region) {
    if (region->mapped) munmap(region->data, region->size);
    *region = (gd_region){NULL, 0, false};
}
