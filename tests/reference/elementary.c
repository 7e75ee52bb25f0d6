/* The reference's elementary functions: section 7 of the contract, correctly rounded, from the digits of long double. */
#include "reference/reference.h"

#include <float.h>
#include <math.h>

_Static_assert(LDBL_MANT_DIG >= 64, "the reference takes the elementary functions' digits from long double: it needs 64 bits at least");

/* Section 7: correctly rounded. A long double value with an error of a few units of 2^-64 decides the float unless a rounding boundary lies that
 * close, which for exp, log and tanh happens at no float, and for sigmoid only around 0.5. */
static long double exp_digits(float x) { return expl(x); }
static long double log_digits(float x) { return logl(x); }
static long double tanh_digits(float x) { return tanhl(x); }

/* sigmoid(x) = 1/2 + x/4 - x^3/48 + ...: the first two terms often lie exactly on a boundary. With 2^e <= |x| < 2^(e+1) <= 2^-14 they, like the
 * boundaries, are multiples of 2^(e-25), and all the rest is smaller than that: it only says on which side of the boundary the value lies, towards
 * 1/2. (Under 2^-28 the result is 1/2 in any case.) */
static long double sigmoid_digits(float x) {
    if (fabsf(x) < 0x1p-14f) return nextafterl(0.5L + (long double)x / 4, 0.5L);
    return 1.0L / (1.0L + expl(-(long double)x));
}

float gd_reference_exp(float x) { return (float)exp_digits(x); }
float gd_reference_log(float x) { return (float)log_digits(x); }
float gd_reference_tanh(float x) { return (float)tanh_digits(x); }
float gd_reference_sigmoid(float x) { return (float)sigmoid_digits(x); }

int gd_reference_decided(int unary, float x) {
    const long double error = 0x1p-60L; /* sixteen units in the last place of 64 bits; the C library's stated errors are 1 to 4 */
    long double value;
    switch (unary) {
    case GD_UNARY_EXP:
        value = exp_digits(x);
        break;
    case GD_UNARY_LOG:
        value = log_digits(x);
        break;
    case GD_UNARY_TANH:
        value = tanh_digits(x);
        break;
    case GD_UNARY_SIGMOID:
        if (fabsf(x) < 0x1p-14f) return 1; /* argued above */
        value = sigmoid_digits(x);
        break;
    default:
        return 1; /* exact */
    }
    return value != value || (float)(value * (1 - error)) == (float)(value * (1 + error));
}
