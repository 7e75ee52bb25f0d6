/* What a machine can do on a case's instruction set and threads: streams, the multiply-add peak, reading at a footprint. Every case begins with the
 * machine that it is measured on. */
#ifndef GD_BENCH_MACHINE_H
#define GD_BENCH_MACHINE_H

#include <stddef.h>

#include <gradus/context.h>

#include "stream.h"

typedef struct gd_machine {
    gradus_context *context;
    const gd_streams *streams;
    unsigned threads;
} gd_machine;

/* NULL, or why it cannot be had (an instruction set that does not run here). Close it in either case. */
const char *gd_machine_open(gd_machine *machine, const char *isa, unsigned threads);
void gd_machine_close(gd_machine *machine);

/* The `enter` of every case: calls measure(what) with the threads of the machine that `about`, a case, begins with. */
void gd_machine_enter(void *about, void (*measure)(void *what), void *what);

/* Elements of an array of n that each thread has, in one piece. */
size_t gd_machine_share(const gd_machine *machine, size_t n);

/* Puts small numbers (array 0: 0.5) into the arrays, each thread into its share: the pages are first touched by the threads that will work on them. */
void gd_machine_fill(const gd_machine *machine, float *const *arrays, int count, size_t n);

/* Runs the adds-only stream over `count` arrays of n elements `times` times; prefetch distance in elements, 0: none. */
void gd_machine_stream(const gd_machine *machine, float *const *arrays, int count, size_t n, size_t prefetch, size_t times);

/* Seconds of one such stream, best of several; and the distance, of none and the usual one, that is the faster. */
double gd_machine_stream_seconds(const gd_machine *machine, float *const *arrays, int count, size_t n, size_t prefetch);
size_t gd_machine_best_prefetch(const gd_machine *machine, float *const *arrays, int count, size_t n);

/* Does `flops` fp32 operations in chains of fma, shared evenly by the threads. */
void gd_machine_fma(const gd_machine *machine, double flops);

/* Seconds to read so many bytes, best of several, once they have been read before: the speed of the cache level, or of memory, that they fit in. */
double gd_machine_read_seconds(const gd_machine *machine, double bytes);

/* Seconds of one vector's divisions and roots on one thread; 0 without any. */
double gd_machine_divide_seconds(const gd_machine *machine, int divisions, int roots);

#endif
