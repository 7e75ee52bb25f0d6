/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) and what is drawn from it. */
#include "base/philox.h"

#include "base/detmath.h"

enum { ROUNDS = 10 };

void gd_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
    uint32_t key0 = key[0], key1 = key[1];
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t product0 = (uint64_t)0xd2511f53u * x0;
        uint64_t product1 = (uint64_t)0xcd9e8d57u * x2;
        x0 = (uint32_t)(product1 >> 32) ^ x1 ^ key0;
        x1 = (uint32_t)product1;
        x2 = (uint32_t)(product0 >> 32) ^ x3 ^ key1;
        x3 = (uint32_t)product0;
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
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
