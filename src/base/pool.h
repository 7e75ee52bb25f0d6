/* A pool from the inside: the list that is running, the shares its tasks are claimed from, the threads that come and go. phases.c has the claims,
 * pool.c the threads and how they sleep; a context's life (kernels/context.c) needs the two functions at the end. */
#ifndef GD_BASE_POOL_H
#define GD_BASE_POOL_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

#include "base/phases.h"

enum { GD_MOST_THREADS = 256, GD_CACHE_LINE = 64 };

/* One thread's part of a phase. Only `word` is shared while a list runs; the rest is written before the pool's own thread for this share starts. */
typedef struct gd_share {
    _Alignas(GD_CACHE_LINE) _Atomic uint64_t word; /* {phase number: 40 bits, bundles left: 24 bits} */
    gradus_pool *pool;
    pthread_t thread;
    uint32_t index;
} gd_share;

/* The phase tasks are claimed from now. Written while nobody has a claim, read only by who has one. */
typedef struct gd_open_phase {
    gd_phase phase;
    size_t index;     /* in the list */
    uint64_t number;  /* counts the pool's phases */
    uint64_t tasks;   /* of the phase's grain */
    uint64_t bundle;  /* tasks a claim: more than one only where a share could not count them otherwise */
    uint64_t bundles; /* of the whole phase; share s has those from bundles*s/shares on */
    uint64_t stride;  /* tests: bundle b stands for (b * stride) % bundles; 1 as usual */
    bool delays;      /* tests: threads stop for a while at random */
} gd_open_phase;

struct gradus_pool {
    gradus_allocator allocator;
    size_t size;      /* of this block */
    uint32_t threads; /* and shares: the caller counted */
    uint32_t running; /* own threads that were started and not joined */
    bool started;     /* starting them was tried */
    bool pin;
    bool spins;              /* a thread looks at `turn` for a while before it sleeps */
    double handoff;          /* nanoseconds that sharing a phase costs, measured by phases.c; 0: not yet */
    uint64_t measured_at;    /* by the clock */
    cpu_set_t cpus;          /* of the process when the pool was made; empty: unknown */
    _Atomic uint32_t *alive; /* on a page that fork() wipes: 0 in a child */

    /* The list, for whoever opens the next phase; it lies with the caller. */
    _Alignas(GD_CACHE_LINE) const gd_phase *list;
    size_t list_count;
    size_t abandonable;
    bool permuted;
    atomic_bool abandoned; /* bundles are claimed but not run, and no further phase is opened */
    gd_open_phase open;

    _Alignas(GD_CACHE_LINE) _Atomic uint64_t unfinished; /* bundles of the open phase whose threads have not reported them as ended */

    /* turn moves whenever there may be something new to do: the word everybody sleeps on. */
    _Alignas(GD_CACHE_LINE) _Atomic uint32_t turn;
    _Atomic uint32_t sleepers;
    atomic_bool caller_sleeps;
    atomic_int caller_cpu;
    atomic_bool finished; /* the list */
    atomic_bool stop;     /* the pool */

    _Alignas(GD_CACHE_LINE) atomic_bool busy; /* a list runs */
    _Atomic uint32_t lent;                    /* odd: threads are lent to `borrower`, own threads sleep here */
    _Atomic(gradus_context *) borrower;

    gd_share shares[];
};

/* phases.c: works as `home` on whatever is open, opening phases where this thread ended the last task, until nothing is left to claim. */
void gd_pool_work(gradus_pool *pool, uint32_t home);

/* pool.c: the context's pool, taken for one list and its threads started; made if there was none. NULL: run in order (no pool can be had, it is
 * busy or lent to another context, or this is a forked child). */
gradus_pool *gd_pool_enter(gradus_context *context);
void gd_pool_leave(gradus_pool *pool);

/* pool.c: notes which CPU the caller of a list is on. */
void gd_pool_note_caller(gradus_pool *pool);

/* pool.c: moves the turn, after what is new has been stored, and wakes at most `wake` sleeping threads, or the sleeping caller alone. */
void gd_pool_announce(gradus_pool *pool, uint64_t wake);
void gd_pool_announce_end(gradus_pool *pool);

/* pool.c: returns when the turn is not `seen` any more, spinning at first. */
bool gd_pool_await(gradus_pool *pool, uint32_t seen); /* true: it slept */
void gd_pool_await_caller(gradus_pool *pool, uint32_t seen);

/* Ends a context's own pool, if it has one. */
void gd_context_threads_close(gradus_context *context);

/* How many threads a pool was made for, the caller counted. */
uint32_t gd_pool_threads(const gradus_pool *pool);

#endif
