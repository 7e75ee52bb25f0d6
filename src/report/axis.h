/* The scale of an axis: its ends at round numbers, ticks and their labels. */
#ifndef GD_REPORT_AXIS_H
#define GD_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { GD_AXIS_TICKS = 16 };

typedef struct gd_axis {
    bool logarithmic;
    double low, high; /* logarithmic: of log10 */
    size_t count;
    double shares[GD_AXIS_TICKS]; /* the ticks' places, 0 .. 1 */
    char labels[GD_AXIS_TICKS][32];
} gd_axis;

/* The least and greatest finite values of some numbers. */
typedef struct gd_range {
    double low, high, least_positive;
    bool any;
} gd_range;

void gd_range_add(gd_range *range, double value);

/* With about `ticks` ticks (2 .. 10), their values 1, 2 or 5 times a power of ten apart. A range without values is 0 .. 1. */
gd_axis gd_axis_linear(const gd_range *range, size_t ticks);

/* For a range with a positive value. */
gd_axis gd_axis_logarithmic(const gd_range *range);

/* 1 .. count, ticks at whole numbers. */
gd_axis gd_axis_counts(size_t count);

/* Where a finite value lies, in [0, 1]; on a logarithmic axis 0 and less lie at its end. */
double gd_axis_share(const gd_axis *axis, double value);

#endif
