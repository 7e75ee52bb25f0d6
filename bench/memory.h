/* Arrays of the benchmarks: 2 MiB pages as the library's own large blocks. */
#ifndef GD_BENCH_MEMORY_H
#define GD_BENCH_MEMORY_H

#include <stddef.h>

/* `count` arrays of n floats, one after another as a caller's would lie, each from a cache line on; NULL: out of memory. */
float *gd_bench_arrays(size_t count, size_t n, size_t *stride);
void gd_bench_release(float *arrays, size_t count, size_t n);

#endif
