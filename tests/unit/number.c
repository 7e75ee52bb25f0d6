/* Decimal text to fp32, rounded once: halves of the last place, the ends of the range, and texts that are no numbers. */
#include <criterion/criterion.h>

#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fp.h"
#include "base/number.h"

#include "random.h"

static bool parse(const char *text, float *value) {
    const gd_fp_environment environment = gd_fp_enter();
    const bool good = gd_parse_float(text, strlen(text), value);
    gd_fp_leave(environment);
    return good;
}

static void expect(const char *text, float wanted) {
    float value = 0.0f;
    cr_expect(parse(text, &value), "%s", text);
    cr_expect_eq(test_float_bits(value), test_float_bits(wanted), "%s: %a, expected %a", text, (double)value, (double)wanted);
}

Test(number, everyday_numbers) {
    expect("0", 0.0f);
    expect("-0", -0.0f);
    expect("-0.0e5", -0.0f);
    expect("+1.5", 1.5f);
    expect(".5", 0.5f);
    expect("5.", 5.0f);
    expect("1e3", 1000.0f);
    expect("1E-3", 0.001f);
    expect("0.1", 0.1f);
    expect("16777217", 16777216.0f);
    expect("0000000000000000000000000012", 12.0f);
    expect("3.4028235e38", 0x1.fffffep127f);
    expect("3.4028236e38", INFINITY);
    expect("-1e400", -INFINITY);
    expect("1e-400", 0.0f);
    expect("1.4e-45", 0x1p-149f);
    expect("1.17549421e-38", 0x1.fffffcp-127f);
}

/* 1 + 2^-24 is half way between 1 and 1 + 2^-23, and a digit far behind decides. fp64 would round it to the half, and then to even. */
Test(number, halves_are_decided_by_all_digits) {
    expect("1.000000059604644775390625", 1.0f);
    expect("1.00000005960464477539062500000000000001", 0x1.000002p0f);
    expect("1.00000005960464477539062499999999999999", 1.0f);
    expect("1.000000178813934326171875", 0x1.000004p0f);
    expect("1.00000017881393432617187499999999999999", 0x1.000002p0f);
    expect("16777217.0000000000000000000000000000001", 16777218.0f);
    expect("-16777217.0000000000000000000000000000001", -16777218.0f);
    expect("0.7006492321624085354618e-45", 0.0f);                /* just under half the least */
    expect("0.70064923216240853546186479164496e-45", 0x1p-149f); /* just over it */
}

Test(number, other_texts_are_none) {
    static const char *const texts[] = {"",   "-",   ".",     "e5",  "1e",  "1e+",   "0x1", "inf",      "nan", "1 ",
                                        " 1", "1,5", "1.2.3", "--1", "1-1", "1e5.0", "1_0", "infinity", "1f"};
    float value;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) cr_expect(!parse(texts[i], &value), "%s", texts[i]);
    char *longest = malloc(1100);
    memset(longest, '1', 1100);
    longest[1] = '.';
    longest[1023] = 0;
    expect(longest, 1.1111112f);
    longest[1023] = '1';
    longest[1024] = 0;
    cr_expect(!parse(longest, &value));
    free(longest);
}

/* Against the C library's own, in the C locale that this process is in: short numbers, which go the short way, and halves. */
Test(number, random_numbers_are_rounded_once) {
    uint64_t state = 1;
    char text[64];
    for (int i = 0; i < 300000; i++) {
        const uint64_t random = test_random(&state);
        if (i % 3 == 0)
            snprintf(text, sizeof text, "%d.%0*u", (int)(random % 2000) - 1000, 1 + (int)(random >> 16 & 7), (unsigned)(random >> 40) % 10);
        else if (i % 3 == 1)
            snprintf(text, sizeof text, "%s%llue%d", random & 1 ? "-" : "", (unsigned long long)(random >> (14 + random % 40)),
                     (int)(random >> 8 & 63) - 31);
        else
            snprintf(text, sizeof text, "%.*g", 3 + (int)(random % 14), (double)test_float((uint32_t)random & 0x7f7fffffu) * (1.0 + 0x1p-25));
        float value = 0.0f;
        const float wanted = strtof(text, NULL);
        cr_assert(parse(text, &value), "%s", text);
        cr_assert_eq(test_float_bits(value), test_float_bits(wanted), "%s: %a, expected %a", text, (double)value, (double)wanted);
    }
}

Test(number, the_hosts_rounding_mode_does_not_matter) {
    fesetround(FE_UPWARD);
    expect("0.1", 0.1f);
    expect("1.00000005960464477539062499999999999999", 1.0f);
    cr_expect_eq(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
}
