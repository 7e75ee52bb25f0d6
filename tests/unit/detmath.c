/* fp64 functions against long double libm (11 bits finer), which also bounds their error; special values; bits. links: libm */
#include "base/detmath.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "base/sha256.h"
#include "random.h"

enum { CASES = 40000 };

static uint64_t state = 1;

typedef double function(double x);
typedef long double reference(long double x);

/* |got - expected| in units of the last place of an fp64 number as large as expected. */
static double ulps(double got, long double expected) {
    int exponent;
    frexpl(expected, &exponent);
    return (double)(fabsl((long double)got - expected) / ldexpl(1.0L, exponent > -1021 ? exponent - 53 : -1074));
}

/* Asserts one value and keeps the greatest error. */
static void check(function *f, reference *exact, double x, double bound, double *worst) {
    double got = f(x), error = ulps(got, exact((long double)x));
    if (!(error <= bound)) cr_assert_fail("f(%a) = %a, expected %La: %.3f ulp, at most %.3f", x, got, exact((long double)x), error, bound);
    if (error > *worst) *worst = error;
}

static double between(double low, double high) { return low + (high - low) * test_uniform(&state); }

/* Any sign, exponents evenly spread over [low, high). */
static double spread(int low, int high) {
    double value = ldexp(1.0 + test_uniform(&state), low + (int)(test_random(&state) % (unsigned)(high - low)));
    return test_random(&state) & 1 ? value : -value;
}

Test(detmath, exp_error) {
    double worst = 0.0;
    for (int i = 0; i < CASES; i++) {
        check(gd_exp, expl, between(-1.0, 1.0), 0.7, &worst);
        check(gd_exp, expl, between(-708.0, 709.78), 0.7, &worst);
        check(gd_exp, expl, spread(-60, 9), 0.7, &worst);
        /* ends of the reduced range */
        check(gd_exp, expl, ((double)(test_random(&state) % 2000) - 1000.5) * 0.6931471805599453 + between(-1e-3, 1e-3), 0.7, &worst);
    }
    for (int i = 0; i < CASES; i++) check(gd_exp, expl, between(-745.2, -708.0), 0.8, &worst); /* a subnormal result is rounded twice */
    cr_log_info("exp: %.4f ulp", worst);
}

Test(detmath, log_error) {
    double worst = 0.0;
    for (int i = 0; i < CASES; i++) {
        check(gd_log, logl, between(0.5, 2.0), 0.68, &worst);
        check(gd_log, logl, 1.0 + spread(-52, -1) * 0.5, 0.68, &worst);
        check(gd_log, logl, test_double(test_random(&state) % 0x7ff0000000000000u), 0.68, &worst);
        check(gd_log, logl, test_double(1 + (test_random(&state) >> (12 + test_random(&state) % 52))), 0.68, &worst); /* subnormal */
    }
    cr_log_info("log: %.4f ulp", worst);
}

static void trigonometric_error(function *f, reference *exact, double bound) {
    double worst = 0.0;
    for (int i = 0; i < CASES; i++) {
        check(f, exact, between(-7.0, 7.0), bound, &worst);
        check(f, exact, between(-0x1p20, 0x1p20), bound, &worst);
        check(f, exact, spread(-60, 20), bound, &worst);
        /* next to multiples of pi/2, where everything cancels; 29 and 7322 come closest */
        long double n = i == 0 ? 29.0L : (long double)(1 + test_random(&state) % 667543);
        double near = (double)(n * 1.57079632679489661923132169163975144L);
        check(f, exact, test_double(test_double_bits(near) + test_random(&state) % 3 - 1), bound, &worst);
        check(f, exact, -near, bound, &worst);
    }
    cr_log_info("%.4f ulp", worst);
}

Test(detmath, sin_error) { trigonometric_error(gd_sin, sinl, 0.8); }

Test(detmath, cos_error) { trigonometric_error(gd_cos, cosl, 0.8); }

static bool same(double a, double b) { return (a != a && b != b) || test_double_bits(a) == test_double_bits(b); }

static void expect(const char *name, double x, double got, double expected) {
    cr_expect(same(got, expected), "%s(%a) = %a, expected %a", name, x, got, expected);
}

/* m = sqrt(2), rounded, is not halved: section 7 says m <= sqrt(2). Halved, the last bit would be another (the nearer one here, as it happens). */
Test(detmath, log_at_the_cut) { expect("log", 0x1.6a09e667f3bcdp+0, gd_log(0x1.6a09e667f3bcdp+0), 0x1.62e42fefa39f1p-2); }

Test(detmath, special_values) {
    const double infinite = (double)INFINITY, nan = (double)NAN;
    const struct {
        const char *name;
        function *f;
        double x, expected;
    } values[] = {
        {"exp", gd_exp, 0.0, 1.0},
        {"exp", gd_exp, -0.0, 1.0},
        {"exp", gd_exp, infinite, infinite},
        {"exp", gd_exp, -infinite, 0.0},
        {"exp", gd_exp, nan, nan},
        {"exp", gd_exp, 0x1.62e42fefa39efp+9, 0x1.fffffffffff2ap+1023},
        {"exp", gd_exp, 0x1.62e42fefa39fp+9, infinite},
        {"exp", gd_exp, 1e300, infinite},
        {"exp", gd_exp, -1e300, 0.0},
        {"exp", gd_exp, -745.2, 0.0},
        {"exp", gd_exp, -745.1, 0x1p-1074},
        {"exp", gd_exp, 0x1p-1074, 1.0},
        {"exp", gd_exp, 1.0, 0x1.5bf0a8b145769p+1},
        {"log", gd_log, 1.0, 0.0},
        {"log", gd_log, 0.0, -infinite},
        {"log", gd_log, -0.0, -infinite},
        {"log", gd_log, -1.0, nan},
        {"log", gd_log, -0x1p-1074, nan},
        {"log", gd_log, infinite, infinite},
        {"log", gd_log, -infinite, nan},
        {"log", gd_log, nan, nan},
        {"log", gd_log, 2.0, 0x1.62e42fefa39efp-1},
        {"log", gd_log, 0x1p-1074, -0x1.74385446d71c3p+9},
        {"sin", gd_sin, 0.0, 0.0},
        {"sin", gd_sin, -0.0, -0.0},
        {"sin", gd_sin, infinite, nan},
        {"sin", gd_sin, nan, nan},
        {"sin", gd_sin, 0x1p-1074, 0x1p-1074},
        {"sin", gd_sin, -0x1p-1074, -0x1p-1074},
        {"sin", gd_sin, 0x1.0000000000001p20, nan},
        {"sin", gd_sin, -0x1.0000000000001p20, nan},
        {"cos", gd_cos, 0.0, 1.0},
        {"cos", gd_cos, -0.0, 1.0},
        {"cos", gd_cos, -infinite, nan},
        {"cos", gd_cos, nan, nan},
        {"cos", gd_cos, 0x1p-1074, 1.0},
        {"cos", gd_cos, 1e300, nan},
        {"sqrt", gd_sqrt, 0.0, 0.0},
        {"sqrt", gd_sqrt, -0.0, -0.0},
        {"sqrt", gd_sqrt, -1.0, nan},
        {"sqrt", gd_sqrt, infinite, infinite},
        {"sqrt", gd_sqrt, nan, nan},
        {"sqrt", gd_sqrt, 4.0, 2.0},
        {"sqrt", gd_sqrt, 2.0, 0x1.6a09e667f3bcdp+0},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) expect(values[i].name, values[i].x, values[i].f(values[i].x), values[i].expected);
}

Test(detmath, sines_end_at_2_to_the_20) {
    const double end = 0x1p20, past = 0x1.0000000000001p20;
    cr_expect_float_eq(gd_sin(end), sin(end), 1e-15);
    cr_expect_float_eq(gd_sin(-end), -sin(end), 1e-15);
    cr_expect_float_eq(gd_cos(-end), cos(end), 1e-15);
    cr_expect(isnan(gd_sin(past)) && isnan(gd_sin(-past)) && isnan(gd_cos(past)) && isnan(gd_cos(-past)));
}

/* In integers: for x = m 2^(2q) with 2^105 <= m 2^k < 2^107 and r the root of that, rounded down, the nearest root is r + 1 exactly where r^2 + r is
 * less. */
Test(detmath, sqrt_is_correctly_rounded) {
    __extension__ typedef unsigned __int128 wide;
    for (int i = 0; i < CASES; i++) {
        uint64_t m = (test_random(&state) >> 11) | (uint64_t)1 << 52;
        int q = (int)(test_random(&state) % 900) - 450, odd = (int)(test_random(&state) & 1);
        wide scaled = (wide)m << (52 + odd);
        uint64_t root = 0;
        for (uint64_t bit = (uint64_t)1 << 53; bit != 0; bit >>= 1)
            if ((wide)(root | bit) * (root | bit) <= scaled) root |= bit;
        uint64_t nearest = (wide)root * root + root < scaled ? root + 1 : root;
        double x = ldexp((double)m, odd + 2 * q);
        expect("sqrt", x, gd_sqrt(x), ldexp((double)nearest, q - 26));
    }
}

/* As section 8 says it, in another way: the product of base^(2^i) over the set bits i, lowest first. */
static double power_by_bits(double base, uint64_t n) {
    double result = 1.0;
    for (int i = 0; i < 64; i++) {
        if (!(n >> i & 1)) continue;
        double square = base;
        for (int j = 0; j < i; j++) square *= square;
        result *= square;
    }
    return result;
}

Test(detmath, power) {
    for (int i = 0; i < CASES / 10; i++) {
        double base = between(-1.1, 1.1);
        uint64_t n = test_random(&state) >> (test_random(&state) % 64);
        cr_assert(same(gd_power(base, n), power_by_bits(base, n)), "%a^%llu", base, (unsigned long long)n);
        double beta = 1.0 - ldexp(test_uniform(&state), -(int)(test_random(&state) % 20));
        uint64_t t = test_random(&state) % 100000;
        long double exact = powl((long double)beta, (long double)t);
        /* each doubling doubles the relative error so far and adds half an ulp */
        cr_assert(fabsl((long double)gd_power(beta, t) - exact) <= exact * (long double)(t + 1) * 0x1p-52L + 0x1p-1074L, "%a^%llu", beta,
                  (unsigned long long)t);
    }
    expect("power", 0.0, gd_power(0.0, 0), 1.0);
    expect("power", NAN, gd_power((double)NAN, 0), 1.0);
    expect("power", 0.9, gd_power(0.9, 1), 0.9);
    expect("power", -0.0, gd_power(-0.0, 3), -0.0);
    expect("power", 3.0, gd_power(3.0, 5), 243.0);
    expect("power", -2.0, gd_power(-2.0, 63), -0x1p63);
    expect("power", 2.0, gd_power(2.0, 1024), (double)INFINITY);
    expect("power", 0.5, gd_power(0.5, UINT64_MAX), 0.0);
}

static void add_values(gd_sha256 *hash, function *f, double low, double high) {
    uint64_t local = 7;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = test_double_bits(f(low + (high - low) * test_uniform(&local)));
        uint8_t bytes[8];
        for (int j = 0; j < 8; j++) bytes[j] = (uint8_t)(bits >> (8 * j));
        gd_sha256_update(hash, bytes, sizeof bytes);
    }
}

/* The same bits everywhere. The digest comes from tools/detmath_digest.py: the same formulas in Python's floats. */
Test(detmath, digest) {
    gd_sha256 hash;
    gd_sha256_init(&hash);
    add_values(&hash, gd_exp, -745.0, 709.0);
    add_values(&hash, gd_log, 0.0, 4.0);
    add_values(&hash, gd_sin, -1000.0, 1000.0);
    add_values(&hash, gd_cos, -1000.0, 1000.0);
    add_values(&hash, gd_sqrt, 0.0, 4.0);
    uint8_t digest[32];
    char hex[65];
    gd_sha256_final(&hash, digest);
    gd_sha256_hex(digest, hex);
    cr_expect_str_eq(hex, "133577350d6d2df126dff405aecb89c3fd70e35796a3888a4f85eba3a8430f32");
}
