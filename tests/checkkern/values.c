/* Pseudo-random numbers for tests. */
#include "checkkern/values.h"

#include <string.h>

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t gd_random_next(gd_random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

gd_random gd_random_make(uint64_t seed, const char *name, uint64_t a, uint64_t b) {
    gd_random random = {seed};
    for (; *name; name++) random.state = gd_random_next(&random) ^ (unsigned char)*name;
    random.state = gd_random_next(&random) ^ a;
    random.state = gd_random_next(&random) ^ b;
    return random;
}

uint64_t gd_random_below(gd_random *random, uint64_t limit) { return gd_random_next(random) % limit; }

uint64_t gd_random_shifted(gd_random *random, uint64_t most) {
    const uint64_t number = gd_random_next(random);
    return number >> gd_random_below(random, most + 1);
}

double gd_random_unit(gd_random *random) { return (double)(gd_random_next(random) >> 11) * 0x1p-53; }

float gd_float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint32_t gd_float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* In steps of their own throughout: compilers may draw two numbers of one expression in either order. */
static float with_sign(gd_random *random, uint32_t magnitude) { return gd_float_from_bits(magnitude | (uint32_t)gd_random_below(random, 2) << 31); }

/* A random sign and significand with a binary exponent in [low, high]. */
static float with_exponent(gd_random *random, int low, int high) {
    const uint32_t exponent = (uint32_t)(127 + low) + (uint32_t)gd_random_below(random, (uint64_t)(high - low + 1));
    const uint32_t significand = (uint32_t)gd_random_next(random) >> 9;
    return with_sign(random, exponent << 23 | significand);
}

/* The number, or one within a few units in the last place of it, with a random sign. */
static float near_number(gd_random *random, float number) {
    const uint32_t magnitude = gd_float_bits(number) - 3 + (uint32_t)gd_random_below(random, 7);
    return with_sign(random, magnitude);
}

static float subnormal(gd_random *random) {
    const uint32_t limit = 2u << gd_random_below(random, 23);
    return with_sign(random, (uint32_t)gd_random_below(random, limit));
}

static float special(gd_random *random) {
    static const uint32_t bits[] = {
        0x00000000, 0x80000000,             /* zeros */
        0x7f800000, 0xff800000,             /* infinities */
        0x7fc00000, 0xffc12345, 0x7f800001, /* NaN: quiet, with a payload, signalling */
        0x00000001, 0x807fffff, 0x00800000, /* subnormals, the smallest normal number */
        0x7f7fffff, 0xff7fffff,             /* the largest */
        0x3f800000, 0xbf800000, 0x3f7fffff, /* 1, -1, under 1 */
        0x34000000, 0xb4000000, 0x33800001, /* 2^-23, -2^-23, over 2^-24 */
        0x42b17217, 0x42b17218, 0xc2aeac50, /* where exp overflows and becomes subnormal */
        0xc2cff1b4, 0xc2cff1b5, 0x41102cb3, /* where it becomes 0, where tanh becomes 1 */
        0x3c413d3a, 0x41178feb, 0x4c5d65a5, /* logarithms next to a tie of two floats (docs/proofs/elementary.txt) */
        0x65d890d3, 0x6f31a8ec, 0x3d7c3055, /* two more, and a tanh */
        0xba928601, 0x38800000, 0xb9400001, /* sigmoids next to a tie */
    };
    return gd_float_from_bits(bits[gd_random_below(random, sizeof bits / sizeof bits[0])]);
}

float gd_values_draw(gd_random *random, gd_values values) {
    const uint32_t choice = (uint32_t)gd_random_below(random, 8);
    switch (values) {
    case GD_VALUES_EVEN:
        return with_exponent(random, -1, 0);
    case GD_VALUES_WIDE:
        return with_exponent(random, -126, 127);
    case GD_VALUES_SUBNORMAL:
        if (choice == 0) return with_sign(random, 0);
        return choice < 3 ? with_exponent(random, -126, -124) : subnormal(random);
    case GD_VALUES_HUGE:
        return choice < 5 ? with_exponent(random, 120, 127) : with_exponent(random, 60, 64);
    case GD_VALUES_SPECIAL:
        return choice < 3 ? special(random) : with_exponent(random, -8, 7);
    case GD_VALUES_FLOOR:
        if (choice == 0) return with_sign(random, 0);
        if (choice < 5) return near_number(random, 0x1p-100f);
        return choice < 7 ? near_number(random, 0x1p-50f) : with_exponent(random, -102, -99);
    default:
        return with_exponent(random, -8, 7);
    }
}

void gd_values_fill(gd_random *random, gd_values values, float *data, size_t count) {
    for (size_t i = 0; i < count; i++) data[i] = gd_values_draw(random, values);
}
