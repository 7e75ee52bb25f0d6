/* Memory through the host's hooks: 64-byte aligned, 2 MiB pages for large blocks, sizes checked. */
#ifndef GD_BASE_MEMORY_H
#define GD_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

enum { GD_ALIGNMENT = 64 };

/* The C library's memory: blocks from 4 MiB on lie on 2 MiB boundaries and ask for huge pages. */
gradus_allocator gd_default_allocator(void);

/* At least `size` bytes at a 64-byte boundary (2 MiB from 4 MiB on), zeroed if asked, or NULL. size 0 gives a block too. release takes NULL. */
void *gd_allocate(const gradus_allocator *allocator, size_t size);
void *gd_allocate_zeroed(const gradus_allocator *allocator, size_t size);
void gd_release(const gradus_allocator *allocator, void *memory, size_t size);

/* *result = a*b or a+b; false, with *result = SIZE_MAX, where that does not fit. */
static inline bool gd_size_multiply(size_t a, size_t b, size_t *result) {
    if (!__builtin_mul_overflow(a, b, result)) return true;
    *result = SIZE_MAX;
    return false;
}
static inline bool gd_size_add(size_t a, size_t b, size_t *result) {
    if (!__builtin_add_overflow(a, b, result)) return true;
    *result = SIZE_MAX;
    return false;
}

/* n rounded up to a multiple of m (m > 0, no overflow check: n comes from sizes already checked). */
static inline size_t gd_round_up(size_t n, size_t m) { return (n + m - 1) / m * m; }

/* Blocks that n things take; the last one may have fewer. */
static inline size_t gd_blocks(size_t n, size_t block) { return n / block + (n % block != 0); }

static inline size_t gd_least(size_t a, size_t b) { return a < b ? a : b; }

#endif
