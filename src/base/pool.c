/* Pools: threads of their own or lent by the host, how they sleep and wake, and what becomes of them in a forked child. What they work on is
 * phases.c. */
#include "base/pool.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/affinity.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/fp.h"
#include "base/memory.h"

enum { STACK_SIZE = 256 * 1024 };

/* How long a thread looks for work before it sleeps. Waking it can take as long where a hypervisor has put its CPU to sleep; and what a step does between
 * two shared phases takes up to some 20 microseconds. */
enum { SPIN_NANOSECONDS = 50000, PAUSES = 32 /* between looks at the clock: a pause is 10 to 40 ns on most CPUs */ };

/* Who waits on the turn, so that a list's end wakes its caller alone. */
enum { CALLER_BIT = 1, HELPER_BIT = 2, EVERYBODY = 3 };

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* yield is a no-op on most cores */
#endif
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value, uint32_t bits) {
    int saved = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, NULL, NULL, bits);
    errno = saved;
}

static void futex_wake(_Atomic uint32_t *word, int threads, uint32_t bits) {
    int saved = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, threads, NULL, NULL, bits);
    errno = saved;
}

static bool spin(const gradus_pool *pool, uint32_t seen) {
    if (!pool->spins) return atomic_load_explicit(&pool->turn, memory_order_acquire) != seen;
    const uint64_t until = gd_clock_nanoseconds() + SPIN_NANOSECONDS;
    do {
        for (unsigned i = 0; i < PAUSES; i++) {
            if (atomic_load_explicit(&pool->turn, memory_order_acquire) != seen) return true;
            pause_briefly();
        }
    } while (gd_clock_nanoseconds() < until);
    return false;
}

/* Sleeping: register, fence, read the turn again, sleep. Waking: move the turn, fence, read who is registered, wake. Whichever fence comes second
 * sees the other side's store. The fences are the seq_cst operations on both words (which ThreadSanitizer understands, and x86 and ARM do at the same
 * price). */
bool gd_pool_await(gradus_pool *pool, uint32_t seen) {
    if (spin(pool, seen)) return false;
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->turn) == seen) futex_wait(&pool->turn, seen, HELPER_BIT);
    atomic_fetch_sub(&pool->sleepers, 1);
    return true;
}

void gd_pool_await_caller(gradus_pool *pool, uint32_t seen) {
    if (spin(pool, seen)) return;
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->turn) == seen) futex_wait(&pool->turn, seen, CALLER_BIT);
    atomic_store_explicit(&pool->caller_sleeps, false, memory_order_relaxed);
}

void gd_pool_announce(gradus_pool *pool, uint64_t wake) {
    atomic_fetch_add(&pool->turn, 1);
    if (atomic_load(&pool->caller_sleeps)) futex_wake(&pool->turn, 1, CALLER_BIT);
    if (wake > 0 && atomic_load(&pool->sleepers) > 0) futex_wake(&pool->turn, wake < INT_MAX ? (int)wake : INT_MAX, HELPER_BIT);
}

void gd_pool_announce_end(gradus_pool *pool) {
    atomic_fetch_add(&pool->turn, 1);
    if (atomic_load(&pool->caller_sleeps)) futex_wake(&pool->turn, 1, CALLER_BIT);
}

/* Gets every thread to look at `stop` and `lent` again. */
static void rouse(gradus_pool *pool) {
    atomic_fetch_add(&pool->turn, 1);
    futex_wake(&pool->turn, INT_MAX, EVERYBODY);
    futex_wake(&pool->lent, INT_MAX, EVERYBODY);
}

/* Marks the pool as living in this process: fork() wipes the page, so that a child reads 0. A kernel that cannot do that leaves 0 standing: then
 * everything runs in order, for fear of a fork. */
static void mark_alive(_Atomic uint32_t *alive) {
    int saved = errno;
    if (madvise((void *)alive, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK) == 0) atomic_store(alive, 1);
    errno = saved;
}

static void *map_page(void) {
    int saved = errno;
    void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved;
    return page != MAP_FAILED ? page : NULL;
}

void gd_pool_note_caller(gradus_pool *pool) { atomic_store_explicit(&pool->caller_cpu, sched_getcpu(), memory_order_relaxed); }

static bool in_forked_child(const gradus_pool *pool) { return atomic_load_explicit(pool->alive, memory_order_relaxed) == 0; }

static bool is_lent(uint32_t lent) { return lent % 2 == 1; }

/* Some schedulers leave two threads on one CPU, for seconds, while another is idle (seen in virtual machines), for both spin. So one of the pool's own
 * threads that finds itself on its caller's CPU goes to another, as far from there as its index, and is free to move as before. */
static void leave_callers_cpu(const gd_share *share) {
    cpu_set_t cpus;
    const int here = sched_getcpu();
    if (!share->pool->spins || share->pool->pin || here != atomic_load_explicit(&share->pool->caller_cpu, memory_order_relaxed)) return;
    if (!gd_affinity_read(&cpus) || !CPU_ISSET(here, &cpus)) return;
    uint32_t before = 0; /* CPUs of the set */
    for (int i = 0; i < here; i++) before += CPU_ISSET(i, &cpus) != 0;
    gd_affinity_bind(&cpus, before + share->index);
    (void)sched_setaffinity(0, sizeof cpus, &cpus);
}

/* The life of one of the pool's own threads. */
static void *serve(void *argument) {
    gd_share *share = argument;
    gradus_pool *pool = share->pool;
    char name[16];
    snprintf(name, sizeof name, "gradus-%u", (unsigned)share->index);
    (void)pthread_setname_np(pthread_self(), name);
    if (pool->pin && CPU_COUNT(&pool->cpus) > 0) gd_affinity_bind(&pool->cpus, share->index);
    leave_callers_cpu(share);
    (void)gd_fp_enter(); /* for good */
    for (;;) {
        uint32_t turn = atomic_load(&pool->turn);
        uint32_t lent = atomic_load(&pool->lent);
        if (atomic_load(&pool->stop)) return NULL;
        if (is_lent(lent)) {
            futex_wait(&pool->lent, lent, EVERYBODY);
        } else {
            gd_pool_work(pool, share->index);
            if (gd_pool_await(pool, turn)) leave_callers_cpu(share);
        }
    }
}

/* Starts the pool's own threads, with every signal blocked: signals are the host's. Where one is refused, the pool does with those it has. */
static void start_threads(gradus_pool *pool) {
    int saved = errno;
    sigset_t all, old;
    pthread_attr_t attributes;
    pool->started = true;
    gd_pool_note_caller(pool);
    if (in_forked_child(pool) || pthread_attr_init(&attributes) != 0) return;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (uint32_t i = 1; i < pool->threads; i++) {
        gd_share *share = &pool->shares[i];
        share->pool = pool;
        share->index = i;
        if (pthread_create(&share->thread, &attributes, serve, share) != 0) break;
        pool->running = i;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    errno = saved;
}

static void set_idle(gradus_pool *pool) {
    atomic_init(&pool->abandoned, false);
    atomic_init(&pool->unfinished, 0);
    atomic_init(&pool->turn, 0);
    atomic_init(&pool->sleepers, 0);
    atomic_init(&pool->caller_sleeps, false);
    atomic_init(&pool->finished, true);
    atomic_init(&pool->stop, false);
    atomic_init(&pool->busy, false);
    atomic_init(&pool->lent, 0);
    atomic_init(&pool->borrower, NULL);
    for (uint32_t i = 0; i < pool->threads; i++) atomic_init(&pool->shares[i].word, 0);
}

/* A pool without threads yet; NULL: out of memory. */
static gradus_pool *make_pool(const gradus_allocator *allocator, uint32_t threads, bool pin) {
    size_t size = sizeof(gradus_pool) + threads * sizeof(gd_share);
    gradus_pool *pool = gd_allocate_zeroed(allocator, size);
    if (!pool) return NULL;
    pool->allocator = *allocator;
    pool->size = size;
    pool->threads = threads;
    pool->pin = pin;
    if (!gd_affinity_read(&pool->cpus)) CPU_ZERO(&pool->cpus);
    /* With more threads than CPUs the one waited for needs the CPU of the one that would spin. */
    pool->spins = CPU_COUNT(&pool->cpus) == 0 || (uint32_t)CPU_COUNT(&pool->cpus) >= threads;
    set_idle(pool);
    pool->alive = map_page();
    if (!pool->alive) {
        gd_release(allocator, pool, size);
        return NULL;
    }
    mark_alive(pool->alive);
    return pool;
}

gradus_status gradus_pool_create(gradus_context *context, uint32_t threads, int pin, gradus_pool **pool) {
    *pool = NULL;
    if (threads > GD_MOST_THREADS)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "pool: threads must be 0 (as the context) to %d, not %u", GD_MOST_THREADS,
                       (unsigned)threads);
    if (threads == 0) threads = context->threads;
    *pool = make_pool(&context->allocator, threads, pin != 0);
    if (!*pool) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "pool: out of memory for %u threads", (unsigned)threads);
    start_threads(*pool);
    return GRADUS_OK;
}

void gradus_pool_destroy(gradus_pool *pool) {
    if (!pool) return;
    if (!in_forked_child(pool)) {
        atomic_store(&pool->stop, true);
        if (is_lent(atomic_load(&pool->lent))) atomic_fetch_add(&pool->lent, 1);
        rouse(pool);
        for (uint32_t i = 1; i <= pool->running; i++) pthread_join(pool->shares[i].thread, NULL);
    }
    munmap(pool->alive, (size_t)sysconf(_SC_PAGESIZE));
    gradus_allocator allocator = pool->allocator;
    gd_release(&allocator, pool, pool->size);
}

gradus_status gradus_pool_restart(gradus_pool *pool) {
    if (!in_forked_child(pool)) return GRADUS_OK;
    set_idle(pool); /* whatever the parent was doing */
    pool->running = 0;
    mark_alive(pool->alive);
    start_threads(pool);
    return GRADUS_OK;
}

/* The context's pool, made if there was none. With an executor it lends its shares only, and never starts a thread. */
static gradus_pool *find_pool(gradus_context *context) {
    if (!context->pool) {
        context->pool = make_pool(&context->allocator, context->threads, context->pin_threads);
        context->owns_pool = context->pool != NULL;
    }
    return context->pool && !in_forked_child(context->pool) ? context->pool : NULL;
}

static bool take(gradus_pool *pool) {
    bool busy = false;
    return atomic_compare_exchange_strong_explicit(&pool->busy, &busy, true, memory_order_acquire, memory_order_relaxed);
}

void gd_pool_leave(gradus_pool *pool) { atomic_store_explicit(&pool->busy, false, memory_order_release); }

gradus_pool *gd_pool_enter(gradus_context *context) {
    gradus_pool *pool = find_pool(context);
    if (!pool || !take(pool)) return NULL;
    gradus_context *borrower = atomic_load(&pool->borrower);
    if (borrower && borrower != context) {
        gd_pool_leave(pool);
        return NULL;
    }
    if (!pool->started && !borrower && !context->executor.parallel) start_threads(pool);
    return pool;
}

gradus_status gradus_context_lend_begin(gradus_context *context) {
    if (context->executor.parallel)
        return gd_fail(context, GRADUS_UNSUPPORTED, "threads cannot be lent to a context that computes on the host's executor");
    if (context->threads <= 1) return gd_fail(context, GRADUS_UNSUPPORTED, "threads cannot be lent to a context of one thread");
    gradus_pool *pool = find_pool(context);
    if (!pool) return gd_fail(context, GRADUS_UNSUPPORTED, "threads cannot be lent: no memory for a pool, or this is a forked child");
    bool taken = take(pool);
    bool lendable = taken && !atomic_load(&pool->borrower);
    if (lendable) {
        atomic_store(&pool->borrower, context);
        atomic_fetch_add(&pool->lent, 1);
        rouse(pool); /* own threads: off to sleep */
    }
    if (taken) gd_pool_leave(pool);
    return lendable ? GRADUS_OK : gd_fail(context, GRADUS_UNSUPPORTED, "threads cannot be lent: the context's pool is in use");
}

void gradus_context_lend(gradus_context *context, uint32_t index) {
    gradus_pool *pool = context->pool;
    uint32_t lent = pool ? atomic_load(&pool->lent) : 0;
    if (!is_lent(lent)) return; /* late: it is over */
    gd_fp_environment environment = gd_fp_enter();
    for (;;) {
        uint32_t turn = atomic_load(&pool->turn);
        if (atomic_load(&pool->lent) != lent) break;
        gd_pool_work(pool, index % pool->threads);
        (void)gd_pool_await(pool, turn);
    }
    gd_fp_leave(environment);
}

void gradus_context_lend_end(gradus_context *context) {
    gradus_pool *pool = context->pool;
    if (!pool || in_forked_child(pool) || atomic_load(&pool->borrower) != context) return;
    atomic_fetch_add(&pool->lent, 1);
    rouse(pool);
    atomic_store(&pool->borrower, NULL); /* last: from here on another context may run on the pool */
}

void gd_context_threads_close(gradus_context *context) {
    if (context->owns_pool) gradus_pool_destroy(context->pool);
    context->pool = NULL;
    context->owns_pool = false;
}

uint32_t gd_pool_threads(const gradus_pool *pool) { return pool->threads; }
