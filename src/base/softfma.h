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
    uint64_t bits;
    memcpy(&bits, &s, sizeof bits);
    if ((e < 0.0 || e > 0.0) && (bits & 1) == 0) { /* NaN e (an infinity or NaN in s) stays out */
        bits += ((e > 0.0) == (s > 0.0)) ? 1u : (uint64_t)-1;
        memcpy(&s, &bits, sizeof s);
    }
    return (float)s;
}

#endif
