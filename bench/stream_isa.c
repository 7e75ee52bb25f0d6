/* The streams in one instruction set's vectors; compiled once for each of src/kernels/meson.build's map, like the kernels they are limits of. */
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#include GD_SIMD_HEADER

#include "stream.h"

#define PASTE(a, b) a##b
#define STREAMS(name) PASTE(gd_streams_, name)
#define TEXT(name) #name
#define TEXT_OF(name) TEXT(name)

enum { UNROLL = 4, STEP = UNROLL * VF, LINE = 16 };

/* `count` and `far` are constants where this is inlined. */
static inline __attribute__((always_inline)) void update_loop(float *const *given, const int count, size_t begin, size_t end, size_t prefetch,
                                                              const int far) {
    float *a[GD_STREAM_ARRAYS];
    for (int j = 0; j < count; j++) a[j] = given[j];
    size_t i = begin;
    for (; i + STEP <= end; i += STEP) {
        if (far)
            for (int j = 0; j < count; j++)
                for (size_t line = 0; line < STEP; line += LINE) {
                    const void *ahead = (const void *)((uintptr_t)(a[j] + i) + (prefetch + line) * sizeof(float)); /* maybe past the array */
                    if (j == 1) {                                                                                  /* the hints must be constants */
                        __builtin_prefetch(ahead, 0, 3);
                    } else {
                        __builtin_prefetch(ahead, 1, 3);
                    }
                }
        for (int u = 0; u < UNROLL; u++) {
            const vf g = vf_load(a[1] + i + u * VF);
            for (int j = 0; j < count; j++)
                if (j != 1) vf_store(a[j] + i + u * VF, vf_add(vf_load(a[j] + i + u * VF), g));
        }
    }
    for (; i < end; i++)
        for (int j = 0; j < count; j++)
            if (j != 1) a[j][i] += a[1][i];
}

static void update(float *const *arrays, int count, size_t begin, size_t end, size_t prefetch) {
#define CASE(n) \
    case n: \
        if (prefetch) \
            update_loop(arrays, n, begin, end, prefetch, 1); \
        else \
            update_loop(arrays, n, begin, end, 0, 0); \
        break;
    switch (count) { CASE(2) CASE(3) CASE(4) CASE(5) }
#undef CASE
}

static float first_lane(vf a) {
    float lanes[VF];
    vf_store(lanes, a);
    return lanes[0];
}

static float read_all(const float *x, size_t n) {
    enum { CHAINS = 8 };
    vf acc[CHAINS];
    for (int c = 0; c < CHAINS; c++) acc[c] = vf_set(0.0f);
    for (size_t i = 0; i + CHAINS * VF <= n; i += CHAINS * VF)
        for (int c = 0; c < CHAINS; c++) acc[c] = vf_add(acc[c], vf_load(x + i + c * VF));
    for (int c = 1; c < CHAINS; c++) acc[0] = vf_add(acc[0], acc[c]);
    return first_lane(acc[0]);
}

/* As many chains as registers that hold them allow: two units times their latency need 8 to 10. */
static float fma_chains(size_t times) {
    const vf x = vf_set(0.999f), y = vf_set(1e-3f);
    vf acc[GD_STREAM_CHAINS];
    for (int c = 0; c < GD_STREAM_CHAINS; c++) acc[c] = vf_set((float)c);
    for (; times > 0; times--)
        for (int c = 0; c < GD_STREAM_CHAINS; c++) acc[c] = vf_fma(acc[c], x, y);
    for (int c = 1; c < GD_STREAM_CHAINS; c++) acc[0] = vf_add(acc[0], acc[c]);
    return first_lane(acc[0]);
}

/* Independent divisions and roots: what the divider takes for `times` vectors that need so many of each. */
static float divide_chains(size_t times, int divisions, int roots) {
    enum { CHAINS = 8 };
    vf acc[CHAINS];
    for (int c = 0; c < CHAINS; c++) acc[c] = vf_set(1.0f + (float)c);
    for (; times >= CHAINS; times -= CHAINS)
        for (int c = 0; c < CHAINS; c++) {
            vf x = acc[c];
            for (int r = 0; r < roots; r++) x = vf_sqrt(x);
            for (int d = 0; d < divisions; d++) x = vf_div(vf_set(1.5f), x);
            acc[c] = x;
        }
    for (int c = 1; c < CHAINS; c++) acc[0] = vf_add(acc[0], acc[c]);
    return first_lane(acc[0]);
}

extern const gd_streams STREAMS(GD_SIMD_NAME);
const gd_streams STREAMS(GD_SIMD_NAME) = {TEXT_OF(GD_SIMD_NAME), update, read_all, fma_chains, divide_chains, VF};
