/* The rounding mode that fp32 arithmetic has now. (fegetround asks the x87, which computes nothing here.) */
#ifndef TESTS_ROUNDING_H
#define TESTS_ROUNDING_H

#include <fenv.h>

static inline int rounding_now(void) {
    static volatile float one = 1.0f, little = 0x1p-30f;
    volatile float above = one + little, below = one - little, negative = -one - little;
    if (above > 1.0f) return FE_UPWARD;
    if (negative < -1.0f) return FE_DOWNWARD;
    return below < 1.0f ? FE_TOWARDZERO : FE_TONEAREST;
}

#endif
