/* Drawing one picture of a digit. */
#ifndef GD_DATA_DIGITS_DRAW_H
#define GD_DATA_DIGITS_DRAW_H

#include <stdint.h>

enum { GD_DIGITS_SIDE = 28, GD_DIGITS_PIXELS = GD_DIGITS_SIDE * GD_DIGITS_SIDE, GD_DIGITS_CLASSES = 10 };

/* The data set's seed, fixed for good: another seed is another data set. */
#define GD_DIGITS_SEED UINT64_C(0x6772616475730001)

/* Picture number `sample` of `digit` (0..9): row by row, 0 paper, 255 ink. A pure function of its arguments. */
void gd_digit_draw(uint64_t sample, unsigned digit, uint8_t pixels[GD_DIGITS_PIXELS]);

#endif
