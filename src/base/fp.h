/* The floating-point environment of the contract: round to nearest even, no FTZ or DAZ, exceptions masked. */
#ifndef GD_BASE_FP_H
#define GD_BASE_FP_H

#include <stdint.h>

typedef struct gd_fp_environment {
    uint64_t saved;
} gd_fp_environment;

/* Every public function that computes is a wrapper: enter; call the noinline implementation (so that no compiler moves arithmetic across); leave, which restores
 * what the caller had, flags included. Pool threads enter once, for good; a host's threads enter in each task. */
gd_fp_environment gd_fp_enter(void);
void gd_fp_leave(gd_fp_environment environment);

#if defined(__GNUC__)
#define GD_NOINLINE __attribute__((noinline))
#else
#define GD_NOINLINE
#endif

#endif
