/* The area under a ROC curve, by ranks: exact, however many scores are equal. */
#include <math.h>
#include <string.h>

#include "nn/metrics.h"

/* An integer that is ordered as the floats are, -0 as +0. */
static uint32_t ordered(float score) {
    uint32_t bits;
    const float value = score == 0.0f ? 0.0f : score;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* One pass of a radix sort, over eight bits from `shift` on; stable. */
static void sort_by_byte(const uint64_t *from, uint64_t *to, size_t n, unsigned shift) {
    size_t begin[256] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++) begin[from[i] >> shift & 255]++;
    for (size_t b = 0; b < 256; b++) {
        const size_t count = begin[b];
        begin[b] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) to[begin[from[i] >> shift & 255]++] = from[i];
}

/* Twice the pairs in order, of sorted keys whose lowest bit says what is to score high: equal ones count once. */
static uint64_t pairs_in_order(const uint64_t *keys, size_t n) {
    uint64_t pairs = 0, below = 0;
    for (size_t i = 0; i < n;) {
        uint64_t high = 0, low = 0;
        const uint64_t key = keys[i] >> 1;
        for (; i < n && keys[i] >> 1 == key; i++) {
            high += keys[i] & 1;
            low += ~keys[i] & 1;
        }
        pairs += high * (2 * below + low);
        below += low;
    }
    return pairs;
}

double gd_area_under_curve(const float *scores, const uint32_t *labels, uint32_t class, size_t n, uint64_t *keys, uint64_t *spare) {
    uint64_t high = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(scores[i])) return NAN;
        high += labels[i] == class;
        keys[i] = (uint64_t)ordered(scores[i]) << 1 | (labels[i] == class);
    }
    if (high == 0 || high == n) return NAN;
    for (unsigned shift = 1; shift < 33; shift += 16) {
        sort_by_byte(keys, spare, n, shift);
        sort_by_byte(spare, keys, n, shift + 8);
    }
    return (double)pairs_in_order(keys, n) / (2.0 * (double)high * (double)(n - high));
}
