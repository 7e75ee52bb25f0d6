/* fp64 functions without libm, the same bits with every compiler and on every machine: only + - * / sqrt, integer operations, no fma. */
#ifndef GD_BASE_DETMATH_H
#define GD_BASE_DETMATH_H

#include <stdint.h>

/* Errors under 1 ulp (tested against MPFR-grade references); special cases as in C's libm. sin and cos: |x| <= 2^20, beyond it NaN. */
double gd_exp(double x);
double gd_log(double x);
double gd_sin(double x);
double gd_cos(double x);

/* Correctly rounded: the instruction. */
double gd_sqrt(double x);

/* base^n: the squares base^(2^i), multiplied from the lowest set bit up (docs/numerics.md, section 8); n = 0 gives 1. */
double gd_power(double base, uint64_t n);

#endif
