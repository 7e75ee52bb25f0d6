/* The reference's elementary functions: section 7 of the contract, correctly rounded, from the digits of long double. */
#include "reference/reference.h"

#include <float.h>
#include <math.h>

_Static_assert(LDBL_MANT_DIG >= 64, "the reference takes the elementary functions' digits from long double: it needs 64 bits at least");

/* A function's value: the exact sum of a number that has no error and of one that has. Where the exact number is far greater, ties of two floats are
 * told from their neighbours although one long double cannot show it. -0 is the sum's neutral element. */
typedef struct digits {
    long double exact, approximate;
    long double error; /* of `approximate`, relative */
} digits;

/* Sixteen units in the last place of 64 bits. The C library's stated errors are 1 to 5 units, and a formula here adds a few. */
static const long double usual_error = 0x1p-60L;

static digits value(long double approximate) { return (digits){-0.0L, approximate, usual_error}; }
static digits sum(long double exact, long double approximate) { return (digits){exact, approximate, usual_error}; }

static digits exp_digits(float x) { return value(expl(x)); }
static digits log_digits(float x) { return value(logl(x)); }
static digits tanh_digits(float x) { return value(tanhl(x)); }
static digits expm1_digits(float x) { return value(expm1l(x)); }
static digits erf_digits(float x) { return value(erfl(x)); }
static digits rsqrt_digits(float x) { return value(1.0L / sqrtl(x)); }

/* Near 0, x + (-x^2/2 + x^3/3 - ...): two values lie within 2^-60 of a tie. What the series leaves out is under 2^-61 of it. */
static digits log1p_digits(float x) {
    const long double z = x;
    if (fabsf(x) < 0x1p-12f) return sum(z, z * z * (-1.0L / 2 + z * (1.0L / 3 + z * (-1.0L / 4 + z * (1.0L / 5 + z * (-1.0L / 6))))));
    return value(log1pl(z));
}

static digits sigmoid_digits(float x) {
    if (fabsf(x) < 0.5f) return sum(0.5L, tanhl((long double)x / 2) / 2);
    return value(1.0L / (1.0L + expl(-(long double)x)));
}

static digits softplus_digits(float x) {
    const long double rest = log1pl(expl(-fabsl((long double)x)));
    return x > 0 ? sum(x, rest) : value(rest);
}

static digits silu_digits(float x) {
    const long double half = (long double)x / 2;
    if (x == 0.0f || x == -INFINITY) return value(x == 0.0f ? x : -0.0L);
    if (fabsf(x) < 0.5f) return sum(half, half * tanhl(half));
    return value(x / (1.0L + expl(-(long double)x)));
}

/* Far below 0 an error of the argument a of erfc counts 2a^2 = x^2 times. */
static digits gelu_digits(float x) {
    const long double half = (long double)x / 2, argument = x / sqrtl(2.0L);
    if (x == 0.0f || x == -INFINITY) return value(x == 0.0f ? x : -0.0L);
    if (fabsf(x) < 0.5f) return sum(half, half * erfl(argument));
    return (digits){-0.0L, half * erfcl(-argument), usual_error * (1 + (x < 0 ? (long double)x * x : 0))};
}

/* exact + approximate, rounded once. Where the sum as a long double is a tie of two floats, what it lost decides. */
static float rounded(long double exact, long double approximate) {
    const long double head = exact + approximate, lost = approximate - (head - exact);
    const float nearest = (float)head;
    const long double other = nearest + 2 * (head - nearest); /* as far from head, on the other side */
    if (head != nearest && (long double)(float)other == other && lost != 0) return (float)nextafterl(head, lost > 0 ? INFINITY : -INFINITY);
    return nearest;
}

static float rounded_digits(digits d) { return rounded(d.exact, d.approximate); }

#define REFERENCE(NAME, name) \
    float gd_reference_##name(float x) { return rounded_digits(name##_digits(x)); }
GD_ELEMENTARY_MAP(REFERENCE)

int gd_reference_decided(int unary, float x) {
    digits d;
    switch (unary) {
#define DIGITS(NAME, name) \
    case GD_UNARY_##NAME: \
        d = name##_digits(x); \
        break;
        GD_ELEMENTARY_MAP(DIGITS)
    default:
        return 1; /* exact */
    }
    return d.approximate != d.approximate || rounded(d.exact, d.approximate * (1 - d.error)) == rounded(d.exact, d.approximate * (1 + d.error));
}
