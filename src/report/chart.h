/* Charts: a legend, two axes with their ticks and grid, lines and points between them. */
#ifndef GD_REPORT_CHART_H
#define GD_REPORT_CHART_H

#include "report/axis.h"
#include "report/plot.h"

enum { GD_CHART_SERIES = 4, GD_CHART_LEGEND = 8 };

typedef struct gd_point {
    double x, y;
} gd_point;

typedef enum gd_mark { GD_MARK_LINE, GD_MARK_POINT, GD_MARK_GUIDE, GD_MARK_BROKEN } gd_mark;

typedef struct gd_legend {
    gd_mark mark;
    size_t series; /* 0 .. GD_CHART_SERIES-1: its colour */
    char text[64];
} gd_legend;

/* The caller fills in what comes first; begin sets the rest. */
typedef struct gd_chart {
    const char *title, *remark, *x_label, *y_label; /* remark, y_label: or NULL */
    double height;
    gd_axis x, y;
    size_t legend_count;
    gd_legend legend[GD_CHART_LEGEND];
    gd_plot *plot;
    double left, right, top, bottom; /* of the area between the axes */
} gd_chart;

/* One more line of the legend, if there is room. */
void gd_chart_legend(gd_chart *chart, gd_mark mark, size_t series, const char *text);

/* Between the two the caller writes the description to plot->svg. */
void gd_chart_open(gd_chart *chart, gd_plot *plot);
void gd_chart_axes(gd_chart *chart);

/* Points that are not finite interrupt the line; a point between two of those is a dot. dots: a mark on every point. */
void gd_chart_line(gd_chart *chart, const gd_point *points, size_t n, size_t series, bool dots);
void gd_chart_points(gd_chart *chart, const gd_point *points, size_t n, size_t series);

/* Small triangles at the upper end where y is not finite. */
void gd_chart_broken(gd_chart *chart, const gd_point *points, size_t n, size_t series);

/* A dashed line from a to b. */
void gd_chart_guide(gd_chart *chart, gd_point a, gd_point b);

#endif
