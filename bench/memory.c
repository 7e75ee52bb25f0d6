/* Memory for benchmarks. */
#include "memory.h"

#include "base/memory.h"

static size_t stride_of(size_t n) { return gd_round_up(n, GD_ALIGNMENT / sizeof(float)) + GD_ALIGNMENT / sizeof(float); }

float *gd_bench_arrays(size_t count, size_t n, size_t *stride) {
    const gradus_allocator allocator = gd_default_allocator();
    *stride = stride_of(n);
    return gd_allocate(&allocator, count * *stride * sizeof(float));
}

void gd_bench_release(float *arrays, size_t count, size_t n) {
    const gradus_allocator allocator = gd_default_allocator();
    gd_release(&allocator, arrays, count * stride_of(n) * sizeof(float));
}
