/* What a table's field says: a number, text, nothing. */
#ifndef GD_DATA_VALUE_H
#define GD_DATA_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* POINT and COMMA are numbers with that decimal mark; INFINITE is one that is not finite in fp32, or the word. */
typedef enum gd_value { GD_VALUE_MISSING, GD_VALUE_INTEGER, GD_VALUE_POINT, GD_VALUE_COMMA, GD_VALUE_INFINITE, GD_VALUE_TEXT } gd_value;

/* Missing: "", NA, N/A, nan, NULL, ?, whatever their case. *number is set for numbers. commas: a decimal comma may be meant. Within gd_fp_enter. */
gd_value gd_value_of(const char *text, bool commas, float *number);

static inline bool gd_value_is_number(gd_value value) { return value >= GD_VALUE_INTEGER && value <= GD_VALUE_COMMA; }

#endif
