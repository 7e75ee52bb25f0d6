/* NumPy's .npy format, versions 1 to 3: a header that describes an array, then its elements. */
#ifndef GD_DATA_NPY_H
#define GD_DATA_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

enum { GD_NPY_DIMENSIONS = 8 };

/* An array in memory, not aligned. Its first dimension runs over the samples. */
typedef struct gd_npy {
    const uint8_t *data;
    char kind;    /* 'f', 'i', 'u' or 'b' */
    size_t item;  /* bytes of an element */
    bool swapped; /* the elements are big-endian (this machine is little-endian; see npy.c) */
    bool fortran; /* the first index runs fastest */
    size_t dimensions, shape[GD_NPY_DIMENSIONS];
    size_t samples, columns; /* of the first dimension; of all others together */
} gd_npy;

/* Reads bytes[size], a whole .npy file, which stays where it is. `where` begins the message. Errors: BAD_DATA (malformed; not as many elements as the
 * header says), UNSUPPORTED (a type that is no plain number). */
gradus_status gd_npy_parse(gradus_context *context, const char *where, const uint8_t *bytes, size_t size, gd_npy *array);

/* One sample's elements, in C order, as fp64: integers over 2^53 are rounded. values[columns]. */
void gd_npy_row(const gd_npy *array, size_t sample, double *values);

/* Whether the elements lie as a tensor's would: of this kind and size, native, in C order, aligned. */
bool gd_npy_is_plain(const gd_npy *array, char kind, size_t item);

static inline bool gd_npy_is_integer(const gd_npy *array) { return array->kind != 'f'; }

#endif
