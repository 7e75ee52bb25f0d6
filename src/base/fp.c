/* Sets and restores the floating-point environment. The assembly's memory clobber keeps memory accesses on their side of the switch. */
#include "base/fp.h"

#if defined(__x86_64__)

/* Control and flags are one register: all exceptions masked, to nearest, no FTZ or DAZ, no flag raised. x87 is not used for results. */
gd_fp_environment gd_fp_enter(void) {
    uint32_t saved, wanted = 0x1f80;
    __asm__ volatile("stmxcsr %0" : "=m"(saved) : : "memory");
    __asm__ volatile("ldmxcsr %0" : : "m"(wanted) : "memory");
    return (gd_fp_environment){saved};
}

void gd_fp_leave(gd_fp_environment environment) {
    uint32_t saved = (uint32_t)environment.saved;
    __asm__ volatile("ldmxcsr %0" : : "m"(saved) : "memory");
}

#elif defined(__aarch64__)

/* FPCR 0: to nearest, no FZ, FIZ, DN or AH, nothing trapped. The flags are FPSR; results of computing leave new ones, which leave removes. */
gd_fp_environment gd_fp_enter(void) {
    uint64_t control, flags;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control) : : "memory");
    __asm__ volatile("mrs %0, fpsr" : "=r"(flags) : : "memory");
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
    return (gd_fp_environment){flags << 32 | (control & 0xffffffffu)};
}

void gd_fp_leave(gd_fp_environment environment) {
    __asm__ volatile("msr fpcr, %0" : : "r"(environment.saved & 0xffffffffu) : "memory");
    __asm__ volatile("msr fpsr, %0" : : "r"(environment.saved >> 32) : "memory");
}

#else

gd_fp_environment gd_fp_enter(void) {
    gd_fp_environment environment;
    fegetenv(&environment.saved);
    fesetenv(FE_DFL_ENV);
    return environment;
}

void gd_fp_leave(gd_fp_environment environment) { fesetenv(&environment.saved); }

#endif
