/* gd_soft_fma against the C library's fmaf, bit for bit. links: libm */
#include "base/softfma.h"

#include <criterion/criterion.h>
#include <math.h>

#include "random.h"

enum { CASES = 300000 };

static uint64_t state = 1;

static float random_bits(void) { return test_float((uint32_t)test_random(&state)); }

/* +-significand * 2^exponent */
static float random_scaled(int exponent, int spread) {
    float significand = test_float(0x3f800000u | (uint32_t)(test_random(&state) >> 41));
    float value = ldexpf(significand, exponent + (int)(test_random(&state) % (unsigned)(2 * spread + 1)) - spread);
    return test_random(&state) & 1 ? -value : value;
}

/* +-2^-k or a number a few bits away, or zero. */
static float random_speck(void) {
    float speck = ldexpf(1.0f, -24 - (int)(test_random(&state) % 126));
    switch (test_random(&state) % 4) {
    case 0:
        return speck;
    case 1:
        return -speck;
    case 2:
        return speck * 3.0f;
    default:
        return 0.0f;
    }
}

static void check(float a, float b, float c) {
    float expected = fmaf(a, b, c), got = gd_soft_fma(a, b, c);
    if ((expected != expected && got != got) || test_float_bits(expected) == test_float_bits(got)) return;
    cr_assert_fail("fma(%a, %a, %a) = %a, expected %a", a, b, c, got, expected);
}

Test(softfma, any_bits) {
    for (int i = 0; i < CASES; i++) check(random_bits(), random_bits(), random_bits());
}

Test(softfma, numbers_of_like_size) {
    for (int i = 0; i < CASES; i++) check(random_scaled(0, 2), random_scaled(0, 2), random_scaled(0, 26));
}

Test(softfma, cancellation) {
    for (int i = 0; i < CASES; i++) {
        float a = random_scaled(0, 60), b = random_scaled(0, 60);
        uint32_t near = test_float_bits(-(a * b)) + (uint32_t)(test_random(&state) % 5) - 2;
        check(a, b, test_float(near));
    }
}

/* Results at the end of the range, where fp32 has fewer bits and a result may be half of its least number. */
Test(softfma, subnormal_results) {
    for (int i = 0; i < CASES; i++) {
        int exponent = (int)(test_random(&state) % 100) - 50;
        check(random_scaled(exponent, 0), random_scaled(-138 - exponent, 14), test_float((uint32_t)test_random(&state) & 0x80ffffffu));
    }
}

/* Products of 12-bit numbers end half an ulp below fp32's last bit: ties, which a speck breaks and nothing but a speck. */
Test(softfma, ties_of_the_product) {
    for (int i = 0; i < CASES; i++) {
        float a = 1.0f + (float)(test_random(&state) & 0xfff) * 0x1p-12f, b = 1.0f + (float)(test_random(&state) & 0xfff) * 0x1p-12f;
        check(test_random(&state) & 1 ? -a : a, b, random_speck());
    }
}

/* The product is half an ulp of c, or next to it. */
Test(softfma, ties_of_the_sum) {
    for (int i = 0; i < CASES; i++) {
        float c = random_scaled(0, 100);
        float half_ulp = ldexpf(1.0f, ilogbf(c) - 24);
        uint32_t step = (uint32_t)(test_random(&state) % 3) - 1;
        check(test_random(&state) & 1 ? half_ulp : -half_ulp, test_float(0x3f800000u + step), c);
    }
}

Test(softfma, overflow) {
    for (int i = 0; i < CASES; i++) {
        int exponent = (int)(test_random(&state) % 120);
        check(random_scaled(exponent, 0), random_scaled(127 - exponent, 1), random_scaled(116, 11));
    }
    check(0x1.fffffep127f, 1.0f, 0x1p103f);
    check(0x1.fffffep127f, 1.0f, 0x1.fffffep102f);
    check(0x1.fffffep127f, -1.0f, -0x1p103f);
    check(0x1p64f, 0x1p64f, -0x1p103f);
    check(0x1p64f, 0x1p64f, -0x1.8p103f);
}

Test(softfma, special_values) {
    const float values[] = {0.0f,       1.0f, 1.5f,          0x1.fffffep127f, 0x1p-126f,  0x1.fffffcp-127f, 0x1p-149f, (float)INFINITY,
                            (float)NAN, 3.0f, 0x1.000002p0f, 0x1p-75f,        0x1.8p-75f, 0x1p103f};
    enum { COUNT = 2 * sizeof values / sizeof *values };
    float all[COUNT];
    for (int i = 0; i < COUNT; i++) all[i] = i & 1 ? -values[i / 2] : values[i / 2];
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            for (int k = 0; k < COUNT; k++) check(all[i], all[j], all[k]);
}
