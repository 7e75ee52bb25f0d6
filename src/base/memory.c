/* Memory through the host's hooks, and the default hooks. */
#include "base/memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const size_t huge_page = (size_t)2 << 20, huge_from = (size_t)4 << 20;

/* errno stays as it was on success. */
static void *default_allocate(void *user, size_t size, size_t alignment) {
    (void)user;
    int kept = errno;
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (alignment >= huge_page) madvise(memory, size, MADV_HUGEPAGE); /* a wish; without it the memory is as good, only slower */
#endif
    errno = kept;
    return memory;
}

static void default_release(void *user, void *memory, size_t size, size_t alignment) {
    (void)user;
    (void)size;
    (void)alignment;
    int kept = errno;
    free(memory);
    errno = kept;
}

gradus_allocator gd_default_allocator(void) { return (gradus_allocator){NULL, default_allocate, default_release}; }

/* What the hooks are asked for is a function of the size alone, so that release can tell them the same. */
static size_t asked_size(size_t size) { return size > 0 ? size : 1; }

static size_t asked_alignment(size_t size) { return size >= huge_from ? huge_page : (size_t)GD_ALIGNMENT; }

void *gd_allocate(const gradus_allocator *allocator, size_t size) {
    if (size > PTRDIFF_MAX) return NULL;
    return allocator->allocate(allocator->user, asked_size(size), asked_alignment(size));
}

void *gd_allocate_zeroed(const gradus_allocator *allocator, size_t size) {
    void *memory = gd_allocate(allocator, size);
    if (memory != NULL) memset(memory, 0, size);
    return memory;
}

void gd_release(const gradus_allocator *allocator, void *memory, size_t size) {
    if (memory != NULL) allocator->release(allocator->user, memory, asked_size(size), asked_alignment(size));
}
