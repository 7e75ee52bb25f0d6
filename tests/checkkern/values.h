/* Pseudo-random numbers for tests: one sequence a seed, the same with every compiler (integers, and exact or correctly rounded operations). */
#ifndef GD_CHECKKERN_VALUES_H
#define GD_CHECKKERN_VALUES_H

#include <stddef.h>
#include <stdint.h>

typedef struct gd_random {
    uint64_t state;
} gd_random;

/* A sequence of its own for every (seed, name, a, b). */
gd_random gd_random_make(uint64_t seed, const char *name, uint64_t a, uint64_t b);
uint64_t gd_random_next(gd_random *random);
uint64_t gd_random_below(gd_random *random, uint64_t limit);  /* limit > 0 */
uint64_t gd_random_shifted(gd_random *random, uint64_t most); /* of any size: a number without its lowest 0 .. most bits, most < 64 */
double gd_random_unit(gd_random *random);                     /* in [0, 1) */

/* What an array is filled with. */
typedef enum gd_values {
    GD_VALUES_NORMAL,    /* both signs, 2^-8 .. 2^8 */
    GD_VALUES_EVEN,      /* both signs, 1/2 .. 2: in a sum every rounding counts */
    GD_VALUES_WIDE,      /* any finite bits */
    GD_VALUES_SUBNORMAL, /* subnormals, zeros and the smallest normal numbers */
    GD_VALUES_HUGE,      /* near the largest finite number and its square root */
    GD_VALUES_SPECIAL,   /* NaN, infinities, zeros and thresholds among normal numbers */
    GD_VALUES_FLOOR,     /* around 2^-100, where decaying state ends, and around its square root */
    GD_VALUES_COUNT
} gd_values;

float gd_float_from_bits(uint32_t bits);
uint32_t gd_float_bits(float value);

float gd_values_draw(gd_random *random, gd_values values);
void gd_values_fill(gd_random *random, gd_values values, float *data, size_t count);

#endif
