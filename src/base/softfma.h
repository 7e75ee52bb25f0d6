/* A true fused multiply-add in fp32 without the instruction (docs/numerics.md, section 1): exact product, TwoSum, round to odd. */
#ifndef GD_BASE_SOFTFMA_H
#define GD_BASE_SOFTFMA_H

#include <stdint.h>
#include <string.h>

static inline float gd_soft_fma(float a, float b, float c) {
    double p = (double)a * (double)b; /* exact: 48 bits */
    double s = p + (double)c;
    double t = s - p;
    double e = (p - (s - t)) + ((double)c - t); /* what s lost */
    uint64_t bits, error;
    memcpy(&bits, &s, sizeof bits);
    memcpy(&error, &e, sizeof error);
    /* Without branches: half of them would be mispredicted. A NaN e (an infinity or NaN in s) compares false and stays out. */
    uint64_t inexact_and_even = (uint64_t)((e < 0.0) | (e > 0.0)) & ~bits & 1;
    uint64_t away_from_zero = 1 - 2 * ((bits ^ error) >> 63); /* +1 where e has s's sign, else -1 */
    bits += inexact_and_even * away_from_zero;
    memcpy(&s, &bits, sizeof s);
    return (float)s;
}

#endif
