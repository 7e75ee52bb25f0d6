/* Plots in SVG: the list of a report's plots, and what each begins with. */
#ifndef GD_REPORT_PLOT_H
#define GD_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/io.h"

enum { GD_PLOTS = 40, GD_PLOT_WIDTH = 480, GD_PLOT_MARGIN = 16 };

typedef enum gd_plot_group { GD_PLOT_TRAINING, GD_PLOT_RESULT } gd_plot_group;

/* An <svg> element, without the style: a page has it once, a file of its own gets it at byte style_at. */
typedef struct gd_plot {
    char name[48]; /* the file's, without .svg; also the beginning of its ids */
    gd_plot_group group;
    gd_writer svg;
    size_t style_at;
} gd_plot;

typedef struct gd_plots {
    gd_plot list[GD_PLOTS];
    size_t count;
} gd_plots;

/* The style of every plot, light and dark; on paper it is light. */
extern const char gd_plot_style[];

/* A new, empty plot; NULL when there are GD_PLOTS already. name: what is not a letter, digit or '_' becomes '-'. number > 1 is appended: "-2". */
gd_plot *gd_plots_add(gd_plots *plots, const gradus_allocator *allocator, gd_plot_group group, const char *name, size_t number);
void gd_plots_free(gd_plots *plots);

/* The order of a plot's text: open, a description in words written to plot->svg, body, the shapes, close. */
void gd_plot_open(gd_plot *plot, double height, const char *title);
void gd_plot_body(gd_plot *plot, double height, const char *title, const char *remark);
void gd_plot_close(gd_plot *plot);

/* The plot as a file of its own, appended to `out`. */
void gd_plot_write_file(const gd_plot *plot, gd_writer *out);

#endif
