/* fp64 exp, log, sin, cos, powers. Constants come from tools/derive_detmath.py, which prints them. Each result is the sum of a leading part without
 * error and a small correction, so it is wrong by little more than the last addition's half ulp. The order of operations is the specification:
 * docs/numerics.md. */
#include "base/detmath.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "gradus needs arithmetic without excess precision: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const double log2_e = 0x1.71547652b82fep+0, two_over_pi = 0x1.45f306dc9c883p-1, sqrt_2 = 0x1.6a09e667f3bcdp+0;
/* Sums of heads short enough for an exact product with the integers they meet, and a last part. */
static const double ln2_parts[] = {0x1.62e42fefa4000p-1, -0x1.8432a1b0e2634p-43};
static const double half_pi_parts[] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34, 0x1.3198a2e000000p-69, 0x1.b839a252049c1p-104};
/* exp(x) = 1 + x + x^2 p(x), |x| <= ln(2)/2, relative error 2^-60.6 */
static const double exp_coefficients[] = {0x1.0000000000000p-1,  0x1.5555555555555p-3,  0x1.5555555555557p-5,  0x1.1111111111111p-7,
                                          0x1.6c16c16c15a68p-10, 0x1.a01a01a0196acp-13, 0x1.a01a01a9e991bp-16, 0x1.71de3a5aa7bb7p-19,
                                          0x1.27e4d41966f2fp-22, 0x1.ae642c82e33d5p-26, 0x1.1f7f2776cfaf2p-29, 0x1.61bfaa228dde5p-33};
/* 2 atanh(s) = 2 s + s^3 p(s^2), |s| <= 3 - sqrt(8), relative error 2^-60.7 */
static const double log_coefficients[] = {0x1.5555555555555p-1, 0x1.9999999999a38p-2, 0x1.2492492476cccp-2, 0x1.c71c720159177p-3,
                                          0x1.745cf9048dd95p-3, 0x1.3b1c355a8f7a2p-3, 0x1.0fbe95d716020p-3, 0x1.0c039c49989c6p-3};
/* sin(x) = x + x^3 p(x^2), |x| <= pi/4, relative error 2^-57.1 */
static const double sin_coefficients[] = {-0x1.5555555555555p-3,  0x1.1111111111110p-7,  -0x1.a01a01a019936p-13, 0x1.71de3a54605eep-19,
                                          -0x1.ae64541266378p-26, 0x1.61217ec01749dp-33, -0x1.ab17a79237a19p-41};
/* cos(x) = 1 - x^2/2 + x^4 p(x^2), |x| <= pi/4, relative error 2^-59.5 */
static const double cos_coefficients[] = {0x1.5555555555555p-5,  -0x1.6c16c16c16c16p-10, 0x1.a01a01a019d0ap-16, -0x1.27e4fb7712bdfp-22,
                                          0x1.1eed8deb6d561p-29, -0x1.9394b9c9c20a4p-37, 0x1.ab783376962cfp-45};

static double polynomial(double x, const double *coefficients, size_t count) {
    double sum = coefficients[count - 1];
    for (size_t i = count - 1; i-- > 0;) sum = sum * x + coefficients[i];
    return sum;
}

/* To the nearest integer, ties to even; |x| < 2^51. */
static double nearest(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

/* 2^n, -1022 <= n <= 1023. */
static double power_of_two(int n) {
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* x cut to 26 significant bits, few enough for an exact square. */
static double with_26_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= ~(uint64_t)0x7ffffff;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

/* head + *tail = a + b exactly (Knuth 1969). */
static double two_sum(double a, double b, double *tail) {
    double head = a + b;
    double of_b = head - a;
    *tail = (a - (head - of_b)) + (b - of_b);
    return head;
}

double gd_exp(double x) {
    if (x != x) return x;
    if (x > 710.0) return (double)INFINITY;
    if (x < -746.0) return 0.0;
    /* x = k ln 2 + r + tail */
    double k = nearest(x * log2_e);
    double head = x - k * ln2_parts[0], low = k * ln2_parts[1];
    double r = head - low;
    double tail = (head - r) - low;
    double one_r_tail;
    double one_r = two_sum(1.0, r, &one_r_tail);
    double result = one_r + (one_r_tail + (tail + (r * r) * polynomial(r, exp_coefficients, COUNT(exp_coefficients))));
    /* In two factors: the first product is exact, the second rounds a subnormal result or overflows. */
    int half = (int)k / 2;
    return result * power_of_two(half) * power_of_two((int)k - half);
}

double gd_log(double x) {
    if (x != x) return x;
    if (x < 0.0) return (double)NAN;
    if (x == 0.0) return -(double)INFINITY;
    if (x == (double)INFINITY) return x;
    /* x = 2^k m, sqrt(1/2) < m <= sqrt(2), so that an x near 1 has k = 0 */
    int k = 0;
    if (x < DBL_MIN) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    k += (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > sqrt_2) {
        m *= 0.5;
        k += 1;
    }
    /* log(1 + f) = 2 atanh(s) with s = f/(2 + f), written f - f^2/2 + s (f^2/2 + s^2 p(s^2)): f is exact, and so is a short f's square. */
    double f = m - 1.0;
    double short_f = with_26_bits(f), s = f / (2.0 + f);
    double short_half = 0.5 * short_f * short_f, rest_half = 0.5 * (f - short_f) * (f + short_f);
    double z = s * s;
    double correction = s * ((short_half + rest_half) + z * polynomial(z, log_coefficients, COUNT(log_coefficients)));
    double tail1, tail2;
    double head = two_sum((double)k * ln2_parts[0], f, &tail1);
    head = two_sum(head, -short_half, &tail2);
    return head + (((tail1 + tail2) + (double)k * ln2_parts[1]) + (correction - rest_half));
}

/* x = n pi/2 + r + *tail, |r| <= pi/4, |x| <= 2^20: the parts' products with n are exact (the last one's error is below 2^-137), and no fp64 number
 * of this range comes closer than about 2^-60 to a multiple of pi/2. */
static double reduce(double x, double *tail, int *quadrant) {
    double n = nearest(x * two_over_pi);
    double head = x - n * half_pi_parts[0];
    double tail1, tail2;
    head = two_sum(head, -(n * half_pi_parts[1]), &tail1);
    head = two_sum(head, -(n * half_pi_parts[2]), &tail2);
    *quadrant = (int)n & 3;
    return two_sum(head, (tail1 + tail2) - n * half_pi_parts[3], tail);
}

static double sin_reduced(double r, double tail) {
    double z = r * r;
    return r + (z * r * polynomial(z, sin_coefficients, COUNT(sin_coefficients)) + tail * (1.0 - 0.5 * z));
}

static double cos_reduced(double r, double tail) {
    double z = r * r;
    double head_tail;
    double head = two_sum(1.0, -0.5 * z, &head_tail);
    return head + (head_tail + (z * z * polynomial(z, cos_coefficients, COUNT(cos_coefficients)) - r * tail));
}

/* sin(x + quarters pi/2) */
static double sin_shifted(double x, int quarters) {
    if (!(x >= -0x1p20 && x <= 0x1p20)) return (double)NAN;
    double tail;
    int quadrant;
    double r = reduce(x, &tail, &quadrant);
    quadrant = (quadrant + quarters) & 3;
    double result = (quadrant & 1) ? cos_reduced(r, tail) : sin_reduced(r, tail);
    return (quadrant & 2) ? -result : result;
}

double gd_sin(double x) { return x == 0.0 ? x : sin_shifted(x, 0); }

double gd_cos(double x) { return sin_shifted(x, 1); }

/* The builtin is the instruction at every optimization level, because the whole project is compiled with -fno-math-errno. */
double gd_sqrt(double x) { return __builtin_sqrt(x); }

double gd_power(double base, uint64_t n) {
    double result = 1.0, factors[2] = {1.0, base}; /* no branch on the bits of n, which no CPU foresees: x*1 is x */
    for (; n != 0; n >>= 1, factors[1] *= factors[1]) result *= factors[n & 1];
    return result;
}
