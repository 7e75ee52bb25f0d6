/* What a machine can do on the context's threads: the multiply-add peak, and reading at a footprint. */
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

/* Does `flops` fp32 operations in chains of fma, shared evenly by the threads. */
void gd_machine_fma(const gd_machine *machine, double flops);

/* Seconds to read so many bytes, best of several, once they have been read before: the speed of the cache level, or of memory, that they fit in. */
double gd_machine_read_seconds(const gd_machine *machine, double bytes);

double gd_machine_now(void);

#endif
