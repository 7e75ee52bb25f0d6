/* The inside of a context. base knows the kernel table only as a pointer; src/kernels/context.c, which makes contexts, chooses it. */
#ifndef GD_BASE_CONTEXT_H
#define GD_BASE_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

#include "base/memory.h"

struct gd_kernels;

struct gradus_context {
    const struct gd_kernels *kernels;
    size_t prefetch_ahead; /* elements ahead at which updates from memory are prefetched; 0: not */
    gradus_allocator allocator;
    void (*log)(void *user, gradus_log_level level, const char *message);
    void *log_user;
    gradus_executor executor; /* parallel NULL: the pool's threads */
    gradus_pool *pool;        /* NULL until first use, unless shared */
    bool owns_pool, pin_threads;
    uint32_t threads; /* asked for, the caller counted */
    const char *threads_reason;
    atomic_int interrupted;
    void *scratch;
    size_t scratch_size;
    size_t test_part_samples; /* for tests, see nn/plan.h: */
    bool test_separate;
    void *plan; /* in scratch, of the last training step; NULL: scratch has been given to something else since */
    char message[1024];
};

/* Sets the message (printf's grammar) and returns `status`: `return gd_fail(context, GRADUS_IO, "%s: ...", path);` context may be NULL. errno is
 * kept. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
gradus_status
gd_fail(gradus_context *context, gradus_status status, const char *format, ...);

/* One line to the host's log, if it has one. Calling thread only, no lock held. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void gd_log_message(gradus_context *context, gradus_log_level level, const char *format, ...);

/* gd_allocate with a message on failure ("`what`: out of memory, N bytes"). */
gradus_status gd_context_allocate(gradus_context *context, size_t size, const char *what, void **memory);

/* The context's one block of scratch, grown to `size`; what it held is gone, its plan, too. Called once a public call, before anything is changed. */
gradus_status gd_context_scratch(gradus_context *context, size_t size, void **memory);

/* Copies a caller's versioned struct over `known` (already holding defaults, known_size bytes, struct_size first): a shorter one leaves the rest at
 * the defaults; a longer one's unknown tail must be zero, else GRADUS_UNSUPPORTED naming the offset; NULL or a struct_size that no struct has (0, or
 * over 64 KiB) is GRADUS_INVALID_ARGUMENT. On success known's struct_size is known_size; on failure known is unchanged. */
gradus_status gd_read_struct(gradus_context *context, const char *name, const void *given, void *known, size_t known_size);

/* The other way: fills a caller's versioned struct of `size` bytes with `known`: what an older caller does not know is left out, what this version
 * does not know is zero. struct_size (the first member of both) becomes `size`. */
void gd_write_struct(void *given, size_t size, const void *known, size_t known_size);

#endif
