/* gd_fp_enter gives the contract's arithmetic whatever the host has set, gd_fp_leave gives the host its own back. links: libm */
#include "base/fp.h"

#include <criterion/criterion.h>
#include <math.h>

#include "rounding.h"

static volatile float one = 1.0f, three = 3.0f, least_normal = 0x1p-126f, subnormal = 0x1p-149f, huge = 0x1p127f, zero = 0.0f;

static void expect_contract(void) {
    cr_expect_eq(one / three, 0x1.555556p-2f, "1/3 is not rounded to nearest");
    cr_expect_eq(-one / three, -0x1.555556p-2f, "-1/3 is not rounded to nearest");
    float half = least_normal / 2.0f, doubled = subnormal * 0x1p30f;
    cr_expect_eq(half, 0x1p-127f, "a subnormal result is flushed");
    cr_expect_eq(doubled, 0x1p-119f, "a subnormal operand is taken as zero");
    volatile float infinite = huge * huge, quotient = one / zero, invalid = zero / zero;
    cr_expect(isinf(infinite) && isinf(quotient) && isnan(invalid));
}

Test(fp, rounding_and_flags) {
    const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const int flags[] = {0, FE_OVERFLOW, FE_DIVBYZERO | FE_INEXACT, FE_INVALID | FE_UNDERFLOW, FE_ALL_EXCEPT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        for (size_t j = 0; j < sizeof flags / sizeof *flags; j++) {
            fesetround(modes[i]);
            feclearexcept(FE_ALL_EXCEPT);
            feraiseexcept(flags[j]);
            int before = fetestexcept(FE_ALL_EXCEPT);
            gd_fp_environment environment = gd_fp_enter();
            expect_contract();
            gd_fp_leave(environment);
            int after = fetestexcept(FE_ALL_EXCEPT), mode = rounding_now();
            fesetround(FE_TONEAREST);
            cr_expect_eq(after, before, "flags %x became %x", before, after);
            cr_expect_eq(mode, modes[i]);
        }
}

#if defined(__GLIBC__)
Test(fp, trapped_exceptions) {
    feclearexcept(FE_ALL_EXCEPT);
    if (feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW) == -1 || fegetexcept() == 0) cr_skip("this CPU does not trap");
    gd_fp_environment environment = gd_fp_enter();
    expect_contract();
    gd_fp_leave(environment);
    cr_expect_eq(fegetexcept(), FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    fedisableexcept(FE_ALL_EXCEPT);
}
#endif

#if defined(__x86_64__)
enum { FLUSHING = 0x8040 }; /* FTZ and DAZ */
static uint64_t control(void) { return __builtin_ia32_stmxcsr(); }
static void set_control(uint64_t value) { __builtin_ia32_ldmxcsr((unsigned)value); }
#elif defined(__aarch64__)
enum { FLUSHING = 1 << 24 }; /* FZ */
static uint64_t control(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}
static void set_control(uint64_t value) { __asm__ volatile("msr fpcr, %0" : : "r"(value) : "memory"); }
#endif

#if defined(__x86_64__) || defined(__aarch64__)
Test(fp, flushing) {
    uint64_t usual = control();
    set_control(usual | FLUSHING);
    volatile float flushed = least_normal / 2.0f;
    uint64_t before = control();
    gd_fp_environment environment = gd_fp_enter();
    expect_contract();
    gd_fp_leave(environment);
    uint64_t after = control();
    set_control(usual);
    cr_expect_eq(flushed, 0.0f, "the test did not make this CPU flush");
    cr_expect_eq(after, before);
}
#endif
