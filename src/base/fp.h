/* The floating-point environment of the contract: round to nearest even, no FTZ or DAZ, exceptions masked. */
#ifndef GD_BASE_FP_H
#define GD_BASE_FP_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__aarch64__)
typedef uint64_t gd_fp_state; /* MXCSR; FPSR << 32 | FPCR */
#else
#include <fenv.h>
typedef fenv_t gd_fp_state;
#endif

typedef struct gd_fp_environment {
    gd_fp_state saved;
} gd_fp_environment;

/* Every public function that computes is a wrapper: enter; call the noinline implementation (so that no compiler moves arithmetic across); leave,
 * which restores what the caller had, flags included. Pool threads enter once, for good; a host's threads enter in each task. */
gd_fp_environment gd_fp_enter(void);
void gd_fp_leave(gd_fp_environment environment);

/* gcc's noipa also hides from the caller what the function does, so that it cannot be found free of side effects and moved. */
#if defined(__GNUC__) && !defined(__clang__)
#define GD_NOINLINE __attribute__((noipa))
#elif defined(__GNUC__)
#define GD_NOINLINE __attribute__((noinline))
#else
#define GD_NOINLINE
#endif

#endif
