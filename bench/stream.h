/* Adds-only streams: what a machine can move at best with the accesses of an update. stream_isa.c is compiled once an instruction set. */
#ifndef GD_BENCH_STREAM_H
#define GD_BENCH_STREAM_H

#include <stddef.h>

enum { GD_STREAM_ARRAYS = 5, GD_STREAM_CHAINS = 12 };

/* arrays[0] and arrays[2] .. arrays[count-1] are read and written, arrays[1] is read: weights, gradients, states. Elements begin .. end; prefetch
 * distance in elements, 0: none; past an array's end it is a hint that comes to nothing. */
typedef void gd_stream_update(float *const *arrays, int count, size_t begin, size_t end, size_t prefetch);
/* Reads n floats. */
typedef float gd_stream_read(const float *x, size_t n);
/* 2 * lanes * GD_STREAM_CHAINS * times flops in as many independent chains of fma. */
typedef float gd_stream_fma(size_t times);
/* So many divisions and roots of each of `times` vectors. */
typedef float gd_stream_divide(size_t times, int divisions, int roots);

typedef struct gd_streams {
    const char *isa;
    gd_stream_update *update;
    gd_stream_read *read;
    gd_stream_fma *fma;
    gd_stream_divide *divide;
    size_t lanes;
} gd_streams;

/* Those of an instruction set; NULL: there are none. */
const gd_streams *gd_streams_of(const char *isa);

#endif
