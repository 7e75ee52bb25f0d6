/* Decimal text to numbers, whatever the host's locale. */
#ifndef GD_BASE_NUMBER_H
#define GD_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the n characters of text as one finite decimal number ("0.001", "-1e-3"), correctly rounded; false if they are anything else (or more than 63
 * characters). */
bool gd_parse_double(const char *text, size_t n, double *value);

/* The same for fp32, rounded once, of up to 1023 characters; a number too large for it gives an infinity. Call it within gd_fp_enter. */
bool gd_parse_float(const char *text, size_t n, float *value);

#endif
