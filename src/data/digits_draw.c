/* Pictures of digits, drawn stroke by stroke. fp64 with + - * / and sqrt only (sine and cosine: base/detmath.h), so that every pixel is the same with
 * every compiler and on every machine. */
#include "data/digits_draw.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/detmath.h"
#include "base/philox.h"
#include "data/digits_glyphs.h"

enum { SIDE = GD_DIGITS_SIDE, PIXELS = GD_DIGITS_PIXELS, CURVE_PIECES = 5, CLUTTER_LIMIT = 3 };

typedef struct gd_range {
    double least, greatest;
} gd_range;

/* What varies from picture to picture, uniform in its range: lengths in pixels, angles in radians, ink from 0 to 1. Chosen by measurement (PyTorch,
 * inputs u/255): the best of eleven ways to train a linear softmax reaches 0.892 on the test set, 128 hidden units with Adam 0.984 to 0.989 in ten
 * epochs (five seeds). What tells them apart is mostly the shift; wobble, noise and clutter cost the net as much as the linear model. */
static const gd_range BEND = {-0.25, 0.25}; /* of the upright, at both ends of the box of height 1 */
static const gd_range WOBBLE = {-2.5, 2.5}; /* of each of the pen's points, in the glyphs' units */
static const gd_range WIDTH = {17.0, 25.0}; /* of 100 of the glyphs' units */
static const gd_range HEIGHT = {16.0, 21.0};
static const gd_range SLANT = {-0.35, 0.35};
static const gd_range TURN = {-0.22, 0.22};
static const gd_range SHIFT_X = {-3.1, 3.1};
static const gd_range SHIFT_Y = {-2.6, 2.6};
static const gd_range RADIUS = {0.9, 1.9};   /* of the pen */
static const gd_range SOFTNESS = {0.9, 1.4}; /* the width of its edge */
static const gd_range INK = {0.75, 1.0};
static const gd_range CLUTTER_START = {0.0, 28.0};
static const gd_range CLUTTER_LENGTH = {-4.0, 4.0};
static const gd_range CLUTTER_RADIUS = {0.4, 0.7};
static const gd_range CLUTTER_INK = {0.3, 0.7};
static const gd_range PAPER = {0.0, 0.1};   /* how grey it is */
static const gd_range NOISE = {0.02, 0.05}; /* its standard deviation */

/* A picture's own sequence of random numbers. */
typedef struct gd_dice {
    gd_stream stream;
    uint64_t thrown;
    uint32_t words[4];
} gd_dice;

static gd_dice dice_make(uint64_t sample, uint32_t index) {
    gd_dice made = {gd_stream_make(GD_DIGITS_SEED, sample, index, GD_PURPOSE_NOISE), 0, {0}};
    return made;
}

static uint32_t throw_word(gd_dice *dice) {
    if (dice->thrown % 4 == 0) gd_random_block(dice->stream, dice->thrown / 4, dice->words);
    return dice->words[dice->thrown++ % 4];
}

static double throw_in(gd_dice *dice, gd_range range) { return range.least + (range.greatest - range.least) * (double)gd_uniform(throw_word(dice)); }

static uint32_t throw_below(gd_dice *dice, uint32_t n) { return (uint32_t)(((uint64_t)throw_word(dice) * n) >> 32); }

typedef struct gd_point {
    double x, y;
} gd_point;

/* How a digit lies in its picture: bent, then scaled, slanted, turned and moved. In pixels, from the box of height 1 around the origin. */
typedef struct gd_placement {
    double bend, xx, xy, yx, yy, x, y;
} gd_placement;

static gd_placement throw_placement(gd_dice *dice) {
    double bend = throw_in(dice, BEND);
    double width = throw_in(dice, WIDTH), height = throw_in(dice, HEIGHT);
    double slant = throw_in(dice, SLANT), turn = throw_in(dice, TURN);
    double x = throw_in(dice, SHIFT_X), y = throw_in(dice, SHIFT_Y);
    double cosine = gd_cos(turn), sine = gd_sin(turn);
    double leaning = slant * height;
    gd_placement made = {bend,           cosine * width, cosine * leaning - sine * height, sine * width, sine * leaning + cosine * height,
                         0.5 * SIDE + x, 0.5 * SIDE + y};
    return made;
}

static gd_point place(const gd_placement *placement, gd_point p) {
    double v = p.y - 0.5, u = p.x - 0.3 + placement->bend * (v * v - 1.0 / 12.0);
    gd_point placed = {placement->xx * u + placement->xy * v + placement->x, placement->yx * u + placement->yy * v + placement->y};
    return placed;
}

/* Squared distances from every pixel's centre to the nearest line drawn so far. */
typedef struct gd_canvas {
    double distance2[PIXELS];
} gd_canvas;

/* Beyond this distance no pen leaves ink. */
static const double REACH = 3.0;

static void canvas_clear(gd_canvas *canvas) {
    for (int i = 0; i < PIXELS; i++) canvas->distance2[i] = REACH * REACH;
}

static int pixel_of(double position) { return position < 0.0 ? 0 : position >= SIDE ? SIDE - 1 : (int)position; }

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double unit(double x) { return larger(0.0, smaller(x, 1.0)); }

static void draw_line(gd_canvas *canvas, gd_point a, gd_point b) {
    double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    double scale = length2 > 0.0 ? 1.0 / length2 : 0.0;
    int left = pixel_of(smaller(a.x, b.x) - REACH), right = pixel_of(larger(a.x, b.x) + REACH);
    int top = pixel_of(smaller(a.y, b.y) - REACH), bottom = pixel_of(larger(a.y, b.y) + REACH);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            double px = column + 0.5 - a.x, py = row + 0.5 - a.y;
            double along = unit((px * dx + py * dy) * scale);
            double ex = px - along * dx, ey = py - along * dy, distance2 = ex * ex + ey * ey;
            double *nearest = &canvas->distance2[row * SIDE + column];
            if (distance2 < *nearest) *nearest = distance2;
        }
}

/* The Catmull-Rom curve from b to c, coming from a and going on to d, as a few lines. */
static void draw_curve(gd_canvas *canvas, const gd_placement *placement, const gd_point p[4]) {
    gd_point from = place(placement, p[1]);
    for (int i = 1; i <= CURVE_PIECES; i++) {
        double t = (double)i / CURVE_PIECES, s = 1.0 - t;
        double weights[4] = {-0.5 * t * s * s, 0.5 * (2.0 - 5.0 * t * t + 3.0 * t * t * t), 0.5 * t * (1.0 + 4.0 * t - 3.0 * t * t),
                             -0.5 * t * t * s};
        gd_point at = {0.0, 0.0};
        for (int k = 0; k < 4; k++) {
            at.x = at.x + weights[k] * p[k].x;
            at.y = at.y + weights[k] * p[k].y;
        }
        gd_point to = place(placement, at);
        draw_line(canvas, from, to);
        from = to;
    }
}

static size_t glyph_length(const gd_pen_point *glyph) {
    size_t n = 0;
    while (n < GD_GLYPH_POINTS && (glyph[n].x || glyph[n].y)) n++;
    return n;
}

static void draw_glyph(gd_canvas *canvas, gd_dice *dice, const gd_pen_point *glyph, const gd_placement *placement) {
    size_t n = glyph_length(glyph);
    gd_point points[GD_GLYPH_POINTS];
    for (size_t i = 0; i < n; i++) {
        points[i].x = 0.01 * (glyph[i].x + throw_in(dice, WOBBLE));
        points[i].y = 0.01 * (glyph[i].y + throw_in(dice, WOBBLE));
    }
    for (size_t i = 1; i < n; i++) {
        if (glyph[i].move == GD_PEN_DOWN) continue;
        bool starts = glyph[i - 1].move != GD_PEN_CURVE, ends = glyph[i].move != GD_PEN_CURVE || i + 1 == n || glyph[i + 1].move == GD_PEN_DOWN;
        gd_point around[4] = {points[starts ? i - 1 : i - 2], points[i - 1], points[i], points[ends ? i : i + 1]};
        draw_curve(canvas, placement, around);
    }
}

/* Inks the canvas's lines into the picture, the darker of old and new. */
static void ink(const gd_canvas *canvas, double radius, double softness, double strength, double picture[PIXELS]) {
    for (int i = 0; i < PIXELS; i++) {
        if (canvas->distance2[i] >= REACH * REACH) continue;
        double cover = unit((radius - gd_sqrt(canvas->distance2[i])) / softness + 0.5);
        picture[i] = larger(picture[i], strength * cover);
    }
}

static void draw_digit(gd_canvas *canvas, gd_dice *dice, unsigned digit, double picture[PIXELS]) {
    const gd_pen_point *glyph = gd_digit_glyphs[digit][throw_below(dice, GD_GLYPH_WAYS)];
    gd_placement placement = throw_placement(dice);
    canvas_clear(canvas);
    draw_glyph(canvas, dice, glyph, &placement);
    double radius = throw_in(dice, RADIUS), softness = throw_in(dice, SOFTNESS), strength = throw_in(dice, INK);
    ink(canvas, radius, softness, strength, picture);
}

/* Stray strokes, some so short that they are dots, anywhere in the picture. */
static void draw_clutter(gd_canvas *canvas, gd_dice *dice, double picture[PIXELS]) {
    canvas_clear(canvas);
    for (uint32_t n = throw_below(dice, CLUTTER_LIMIT); n > 0; n--) {
        gd_point a, b;
        a.x = throw_in(dice, CLUTTER_START);
        a.y = throw_in(dice, CLUTTER_START);
        b.x = a.x + throw_in(dice, CLUTTER_LENGTH);
        b.y = a.y + throw_in(dice, CLUTTER_LENGTH);
        draw_line(canvas, a, b);
    }
    double radius = throw_in(dice, CLUTTER_RADIUS), softness = throw_in(dice, SOFTNESS), strength = throw_in(dice, CLUTTER_INK);
    ink(canvas, radius, softness, strength, picture);
}

/* Near enough to a normal number: four bytes' sum, centred, of standard deviation 1. */
static double bell(uint32_t word) {
    int sum = (int)(word & 255) + (int)(word >> 8 & 255) + (int)(word >> 16 & 255) + (int)(word >> 24);
    return (sum - 510) * (1.0 / 147.8);
}

static void develop(gd_dice *dice, double noise, double paper, const double picture[PIXELS], uint8_t pixels[PIXELS]) {
    for (int i = 0; i < PIXELS; i++) {
        double value = paper + (1.0 - paper) * picture[i] + noise * bell(throw_word(dice));
        pixels[i] = (uint8_t)(unit(value) * 255.0 + 0.5);
    }
}

void gd_digit_draw(uint64_t sample, unsigned digit, uint8_t pixels[PIXELS]) {
    gd_canvas canvas;
    double picture[PIXELS] = {0.0};
    gd_dice shape = dice_make(sample, 0), grain = dice_make(sample, 1);
    draw_digit(&canvas, &shape, digit, picture);
    draw_clutter(&canvas, &shape, picture);
    double noise = throw_in(&shape, NOISE), paper = throw_in(&shape, PAPER);
    develop(&grain, noise, paper, picture, pixels);
}
