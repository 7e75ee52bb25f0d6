/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) and what is drawn from it. */
#include "base/philox.h"

#include <string.h>

#include "base/detmath.h"

enum { ROUNDS = 10 };
static const uint32_t FACTOR0 = 0xd2511f53u, FACTOR1 = 0xcd9e8d57u, STEP0 = 0x9e3779b9u, STEP1 = 0xbb67ae85u;

static inline void philox_round(uint32_t x[4], uint32_t key0, uint32_t key1) {
    const uint64_t product0 = (uint64_t)FACTOR0 * x[0], product1 = (uint64_t)FACTOR1 * x[2];
    x[0] = (uint32_t)(product1 >> 32) ^ x[1] ^ key0;
    x[1] = (uint32_t)product1;
    x[2] = (uint32_t)(product0 >> 32) ^ x[3] ^ key1;
    x[3] = (uint32_t)product0;
}

void gd_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
    uint32_t key0 = key[0], key1 = key[1], x[4];
    memcpy(x, counter, sizeof x);
    for (int round = 0; round < ROUNDS; round++) {
        philox_round(x, key0, key1);
        key0 += STEP0;
        key1 += STEP1;
    }
    memcpy(out, x, sizeof x);
}

void gd_random_block(gd_stream stream, uint64_t block, uint32_t words[4]) {
    const uint32_t key[2] = {(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32) ^ (uint32_t)(stream.step >> 32)};
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream.step, stream.stream};
    gd_philox(key, counter, words);
}

uint32_t gd_random_word(gd_stream stream, uint64_t element) {
    uint32_t words[4];
    gd_random_block(stream, element >> 2, words);
    return words[element & 3];
}

double gd_normal(gd_stream stream, uint64_t element) {
    uint32_t words[4];
    gd_random_block(stream, element >> 2, words);
    const uint32_t *pair = words + (element & 2);
    double first = ((double)(pair[0] >> 8) + 1.0) * 0x1p-24; /* in (0, 1]: its logarithm is finite */
    double second = (double)(pair[1] >> 8) * 0x1p-24;
    double radius = gd_sqrt(-2.0 * gd_log(first));
    double angle = 0x1.921fb54442d18p+2 * second; /* 2 pi */
    return radius * ((element & 1) ? gd_sin(angle) : gd_cos(angle));
}

/* A number in [0, bound), each as likely as any other (Lemire 2019), from the words of one block: the first that is not rejected, the fourth in any
 * case. */
static uint32_t bounded(const uint32_t words[4], uint32_t bound) {
    uint32_t rejected = (0u - bound) % bound; /* 2^32 mod bound */
    int i = 0;
    while (i < 3 && words[i] * bound < rejected) i++;
    return (uint32_t)(((uint64_t)words[i] * bound) >> 32);
}

void gd_shuffle(gd_stream stream, uint32_t *order, size_t n) {
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t i = n; i-- > 1;) {
        uint32_t words[4];
        gd_random_block(stream, i, words);
        uint32_t j = bounded(words, (uint32_t)i + 1);
        uint32_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

/* Two blocks side by side: each waits for its own multiplications, so they take little longer than one. */
static inline void random_pair(gd_stream stream, uint64_t first, uint32_t words[2][4]) {
    uint32_t key0 = (uint32_t)stream.seed, key1 = (uint32_t)(stream.seed >> 32) ^ (uint32_t)(stream.step >> 32);
    for (uint32_t i = 0; i < 2; i++) {
        words[i][0] = (uint32_t)(first + i);
        words[i][1] = (uint32_t)((first + i) >> 32);
        words[i][2] = (uint32_t)stream.step;
        words[i][3] = stream.stream;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) philox_round(words[i], key0, key1);
        key0 += STEP0;
        key1 += STEP1;
    }
}

void gd_random_blocks(gd_stream stream, uint64_t first, size_t count, uint32_t (*words)[4]) {
    size_t i = 0;
    for (; i + 2 <= count; i += 2) random_pair(stream, first + i, words + i);
    if (i < count) gd_random_block(stream, first + i, words[i]);
}
