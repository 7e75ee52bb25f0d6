/* Random numbers as a pure function of (seed, step, stream, element): Philox4x32-10 (Salmon et al. 2011), no stored state. docs/numerics.md,
 * section 9. */
#ifndef GD_BASE_PHILOX_H
#define GD_BASE_PHILOX_H

#include <stddef.h>
#include <stdint.h>

typedef struct gd_stream {
    uint64_t seed;
    uint64_t step;
    uint32_t stream; /* index*16 + purpose */
} gd_stream;

/* Purposes, numbered by the contract. */
enum {
    GD_PURPOSE_INIT,
    GD_PURPOSE_DROPOUT,
    GD_PURPOSE_SHUFFLE,
    GD_PURPOSE_ROUNDING,
    GD_PURPOSE_AUGMENTATION,
    GD_PURPOSE_NOISE,
    GD_PURPOSE_PROBE,
    GD_PURPOSE_RESTART,
    GD_PURPOSE_POPULATION,
    GD_PURPOSE_SPLIT
};

static inline gd_stream gd_stream_make(uint64_t seed, uint64_t step, uint32_t index, uint32_t purpose) {
    gd_stream stream = {seed, step, index * 16u + purpose};
    return stream;
}

/* The bare generator. */
void gd_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* The four words of elements 4*block .. 4*block + 3, and one element's word. */
void gd_random_block(gd_stream stream, uint64_t block, uint32_t words[4]);
void gd_random_blocks(gd_stream stream, uint64_t first, size_t count, uint32_t (*words)[4]); /* of `count` blocks, faster than one by one */
uint32_t gd_random_word(gd_stream stream, uint64_t element);

/* A word as a uniform number in [0, 1), a multiple of 2^-24, and element `element` as a standard normal number (Box-Muller). */
static inline float gd_uniform(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }
double gd_normal(gd_stream stream, uint64_t element);

/* A permutation of [0, n), n <= 2^22: Fisher-Yates as section 9 writes it. order[n]. Above 2^22 the contract has windows, not this. */
void gd_shuffle(gd_stream stream, uint32_t *order, size_t n);

#endif
