/* The shapes of the built-in digits: how the pen moves, in several ways of writing each digit. */
#ifndef GD_DATA_DIGITS_GLYPHS_H
#define GD_DATA_DIGITS_GLYPHS_H

#include <stdint.h>

/* The pen runs smoothly through a point, turns sharply there, or is put down there for a new stroke. */
enum { GD_PEN_CURVE, GD_PEN_CORNER, GD_PEN_DOWN };

/* x in 0..60 to the right, y in 0..100 downwards. */
typedef struct gd_pen_point {
    uint8_t x, y, move;
} gd_pen_point;

enum { GD_GLYPH_WAYS = 3, GD_GLYPH_POINTS = 16 };

/* The ways of writing each digit; a way ends before the first {0, 0}. */
extern const gd_pen_point gd_digit_glyphs[10][GD_GLYPH_WAYS][GD_GLYPH_POINTS];

#endif
