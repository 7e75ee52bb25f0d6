/* Round numbers for axes. No function of the mathematics library, so that plots are the same bytes everywhere. */
#include "report/axis.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/detmath.h"
#include "format/json.h"

#define LARGEST 1e300 /* what is beyond is drawn there: spans must not overflow */
#define SMALLEST 1e-300
#define SLACK 1e-9 /* of a step: a value that close to a tick lies on it */

static double clamp(double value, double low, double high) { return value < low ? low : value > high ? high : value; }

void gd_range_add(gd_range *range, double value) {
    if (!isfinite(value)) return;
    value = clamp(value, -LARGEST, LARGEST);
    if (!range->any || value < range->low) range->low = value;
    if (!range->any || value > range->high) range->high = value;
    if (value >= SMALLEST && (range->least_positive == 0.0 || value < range->least_positive)) range->least_positive = value;
    range->any = true;
}

/* mantissa * 10^exponent; correctly rounded for |exponent| <= 22. */
static double scaled(double mantissa, int exponent) {
    double power = 1.0;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++) power *= 10.0;
    return exponent < 0 ? mantissa / power : mantissa * power;
}

static double log10_of(double value) { return gd_log(value) / 2.302585092994046; }

static int64_t floor_of(double value) {
    int64_t whole = (int64_t)value;
    return (double)whole > value ? whole - 1 : whole;
}

/* The greatest e with 10^e <= value. */
static int decade_of(double value) {
    int e = (int)floor_of(log10_of(value));
    while (scaled(1.0, e) > value) e--;
    while (scaled(1.0, e + 1) <= value) e++;
    return e;
}

static void add_tick(gd_axis *axis, double place, const char *label) {
    if (axis->count == GD_AXIS_TICKS) return;
    axis->shares[axis->count] = clamp((place - axis->low) / (axis->high - axis->low), 0.0, 1.0);
    strcpy(axis->labels[axis->count++], label);
}

/* Plain decimals while they are short, all with as many places as the step needs. */
static void print_tick(char label[32], double value, double greatest, int step_exponent) {
    int decimals = step_exponent < 0 ? -step_exponent : 0;
    if (value == 0.0) {
        strcpy(label, "0");
    } else if (decimals <= 5 && greatest < (decimals > 0 ? 1e12 : 1e6)) {
        gd_print_fixed(label, value, decimals);
    } else {
        int digits = decade_of(fabs(value)) - step_exponent + 1;
        gd_print_general(label, value, digits < 1 ? 1 : digits > 15 ? 15 : digits);
    }
}

/* A flat line gets room above and below. */
static void widen(double *low, double *high) {
    double middle = *low + (*high - *low) / 2.0, size = fabs(middle);
    if (*high - *low > size * 1e-9 && *high - *low > SMALLEST) return;
    double room = size > SMALLEST * 1e3 ? size * 0.1 : 0.5;
    *low = middle - room;
    *high = middle + room;
}

gd_axis gd_axis_linear(const gd_range *range, size_t ticks) {
    static const int mantissas[] = {1, 2, 5, 10};
    gd_axis axis = {.logarithmic = false};
    double low = range->any ? range->low : 0.0, high = range->any ? range->high : 1.0;
    widen(&low, &high);
    int exponent = decade_of((high - low) / (double)ticks);
    size_t m = 0;
    while (m < 3 && scaled(mantissas[m], exponent) * (double)ticks < high - low) m++;
    double step = scaled(mantissas[m], exponent);
    int64_t first = floor_of(low / step + SLACK), last = -floor_of(-(high / step - SLACK));
    axis.low = (double)first * step;
    axis.high = (double)last * step;
    double greatest = fabs(axis.low) > fabs(axis.high) ? fabs(axis.low) : fabs(axis.high);
    for (int64_t k = first; k <= last; k++) {
        char label[32];
        double value = scaled((double)(k * mantissas[m]), exponent);
        print_tick(label, value, greatest, m == 3 ? exponent + 1 : exponent);
        add_tick(&axis, (double)k * step, label);
    }
    return axis;
}

static void add_logarithmic_tick(gd_axis *axis, int mantissa, int exponent) {
    char label[32];
    double value = scaled(mantissa, exponent), place = log10_of(value);
    if (place < axis->low - SLACK || place > axis->high + SLACK) return;
    if (exponent >= -4 && exponent <= 5) {
        gd_print_fixed(label, value, exponent < 0 ? -exponent : 0);
    } else {
        snprintf(label, sizeof label, "%de%d", mantissa, exponent);
    }
    add_tick(axis, place, label);
}

gd_axis gd_axis_logarithmic(const gd_range *range) {
    gd_axis axis = {.logarithmic = true};
    int first = decade_of(range->least_positive), last = decade_of(range->high);
    double below = range->least_positive / scaled(1.0, first), above = range->high / scaled(1.0, last);
    axis.low = log10_of(scaled(below >= 5.0 ? 5 : below >= 2.0 ? 2 : 1, first));
    axis.high = log10_of(scaled(above <= 1.0 ? 1 : above <= 2.0 ? 2 : above <= 5.0 ? 5 : 10, last));
    if (axis.high - axis.low < 0.3) axis.high = axis.low + 0.30103;
    double decades = axis.high - axis.low;
    int every = decades > 8.0 ? (int)(decades / 6.0) + 1 : 1;
    for (int e = first; e <= last + 1; e++) {
        if (e % every == 0) add_logarithmic_tick(&axis, 1, e);
        if (decades < 3.0) add_logarithmic_tick(&axis, 2, e);
        if (decades < 3.0) add_logarithmic_tick(&axis, 5, e);
    }
    return axis;
}

gd_axis gd_axis_counts(size_t count) {
    gd_axis axis = {.low = count > 1 ? 1.0 : 0.5, .high = count > 1 ? (double)count : 1.5};
    size_t step = 1;
    for (size_t i = 0; count / step > 10; i++) step = step / (i % 3 == 1 ? 2 : 1) * (i % 3 == 1 ? 5 : 2);
    for (size_t k = step > 1 ? 0 : 1; k * step <= count; k++) {
        char label[32];
        size_t value = k > 0 ? k * step : 1;
        snprintf(label, sizeof label, "%zu", value);
        add_tick(&axis, (double)value, label);
    }
    return axis;
}

double gd_axis_share(const gd_axis *axis, double value) {
    double place = !axis->logarithmic ? clamp(value, -LARGEST, LARGEST) : value >= SMALLEST ? log10_of(value) : axis->low;
    return clamp((place - axis->low) / (axis->high - axis->low), 0.0, 1.0);
}
