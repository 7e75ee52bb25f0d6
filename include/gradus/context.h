/* Contexts and pools: the caller's means to compute (message, scratch, threads, kernel table, allocator, log). */
#ifndef GRADUS_CONTEXT_H
#define GRADUS_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/status.h>

GRADUS_BEGIN_DECLS

/* A context is cheap (no thread starts before the first call that can use one) and serves one thread at a time: give each thread of a server
 * its own. It is the first argument of every fallible call. Objects made with it copy its allocator and never keep it, so they may be used with
 * any other context and outlive it. */
typedef struct gradus_context gradus_context;

/* Threads that several contexts can share. */
typedef struct gradus_pool gradus_pool;

/* The host's memory. Both hooks or neither. allocate returns `size` bytes (size > 0) aligned to `alignment` (a power of two, at most 2 MiB), or
 * NULL; release gets the same size and alignment back. Called on the thread that calls the library, never from a pool thread. */
typedef struct gradus_allocator {
    void *user;
    void *(*allocate)(void *user, size_t size, size_t alignment);
    void (*release)(void *user, void *memory, size_t size, size_t alignment);
} gradus_allocator;

/* The host's own threads. parallel calls task(arg, index) exactly once for each index in [0, tasks), on any threads, in any order, one after
 * another if it likes, and returns when all have returned, with their writes visible. It is called from the context's thread only, once a phase; a
 * task neither blocks nor throws. width is the number of threads worth using. Results do not depend on either. */
typedef struct gradus_executor {
    void *user;
    size_t width;
    void (*parallel)(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg);
} gradus_executor;

typedef int32_t gradus_log_level;
enum { GRADUS_LOG_WARNING = 1, GRADUS_LOG_INFO = 2, GRADUS_LOG_DEBUG = 3 };

typedef struct gradus_context_config {
    size_t struct_size;
    const char *isa;            /* "scalar", "avx2", "avx512", "neon"; NULL: the environment's GRADUS_ISA, else the best this CPU runs */
    uint32_t threads;           /* 1..256; 0: GRADUS_NUM_THREADS, OMP_NUM_THREADS, else min(affinity, cgroup quota). Ignored with pool or executor */
    uint32_t pin_threads;       /* 1: the pool's own threads are bound to the process's CPUs, one each */
    gradus_pool *pool;          /* share this pool (it must outlive the context); NULL: an own pool, made at first use */
    gradus_executor executor;   /* parallel != NULL: compute on the host's threads instead of a pool */
    gradus_allocator allocator; /* all NULL: the C library's, with 2 MiB pages for large blocks */
    void (*log)(void *user, gradus_log_level level, const char *message); /* NULL: silence. On the calling thread, no lock held */
    void *log_user;
    char *message; /* where gradus_context_create itself puts its error text (there is no context to ask yet); may be NULL */
    size_t message_size;
} gradus_context_config;

/* Fills in the defaults for a config of the size the caller was compiled with. Use gradus_context_config_init. */
GRADUS_API void gradus_context_config_init_sized(gradus_context_config *config, size_t struct_size);
static inline void gradus_context_config_init(gradus_context_config *config) { gradus_context_config_init_sized(config, sizeof *config); }

/* Makes a context. config NULL: all defaults. Reads GRADUS_ISA, GRADUS_NUM_THREADS and OMP_NUM_THREADS, the only environment variables the
 * library ever reads, here and nowhere else. *context is NULL on failure.
 * Errors: INVALID_ARGUMENT (an unknown ISA name, threads out of range, a malformed variable), UNSUPPORTED (an ISA this CPU or build cannot
 * run), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_context_create(const gradus_context_config *config, gradus_context **context);

/* Ends the context and its own pool, if it made one. NULL is allowed. No call on this context may be running. */
GRADUS_API void gradus_context_destroy(gradus_context *context);

/* What went wrong in the last call on this context that failed: what, where, what was expected. "" if none did. Valid until the next call. */
GRADUS_API const char *gradus_context_message(const gradus_context *context);

/* Releases a text that a function of the library gave to its caller. The context's allocator must be the one it was made with. NULL is allowed. */
GRADUS_API void gradus_text_release(gradus_context *context, char *text);

/* Asks the running call, or else the next one that computes, to stop. From any thread or a signal handler, as long as the context lives. Sticky
 * until a call returns GRADUS_INTERRUPTED; a training step stops only before its first change (then nothing has changed: repeat it), or completes. */
GRADUS_API void gradus_interrupt(gradus_context *context);

/* The name of the kernels in use ("avx2"), and how many threads the context would use for large work. */
GRADUS_API const char *gradus_context_isa(const gradus_context *context);
GRADUS_API uint32_t gradus_context_threads(const gradus_context *context);

/* Where that thread count came from ("GRADUS_NUM_THREADS", "cgroup CPU quota", ...), for people. Static string. */
GRADUS_API const char *gradus_context_threads_reason(const gradus_context *context);

/* Switches to another kernel table at any time between calls, even in the middle of a training run: the bits do not change.
 * Errors as for gradus_context_config.isa. */
GRADUS_API gradus_status gradus_context_set_isa(gradus_context *context, const char *name);

/* The index-th instruction set this library was built with, slowest first; NULL past the last one. runnable (may be NULL): whether this CPU and
 * operating system can run it. needs (may be NULL): the CPU features it asks for, as text. Thread-safe. */
GRADUS_API const char *gradus_isa_name(size_t index, int *runnable, const char **needs);

/* Makes a pool of `threads` (0: as for contexts; 1..256), the calling thread counted: threads - 1 start here, with all signals blocked. Fewer threads
 * than asked is no error, since results do not depend on their number. A pool that is busy with one context's work makes another context's
 * call run on its own thread. After fork() the child's calls run in order, on the calling thread.
 * context carries the message and the allocator. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_pool_create(gradus_context *context, uint32_t threads, int pin, gradus_pool **pool);

/* Stops and joins the threads. NULL is allowed. No context may still use the pool. In a forked child, frees the memory only. */
GRADUS_API void gradus_pool_destroy(gradus_pool *pool);

/* In a forked child: starts the pool's threads anew. In the parent it does nothing. Errors: OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_pool_restart(gradus_pool *pool);

/* For whoever brings threads of their own to a context for a while (gradus_openmp_run does). begin: from now on the context's calls are shared with
 * lent threads; its pool's own threads sleep. lend: called by each of those threads, with an index in [1, gradus_context_threads); works until
 * end is called, then returns. end: called by the context's thread; lent threads leave by themselves, and must
 * have returned before the context or its pool is destroyed.
 * begin fails with UNSUPPORTED where threads cannot be lent (a context with an executor, one thread, a pool in use, a forked child): just go on
 * without. */
GRADUS_API gradus_status gradus_context_lend_begin(gradus_context *context);
GRADUS_API void gradus_context_lend(gradus_context *context, uint32_t index);
GRADUS_API void gradus_context_lend_end(gradus_context *context);

GRADUS_END_DECLS

#endif
