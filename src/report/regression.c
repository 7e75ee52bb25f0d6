/* A regression's plots: the fitted line over the samples, predicted against true values. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "report/chart.h"
#include "report/markup.h"
#include "report/plots.h"

enum { MOST_POINTS = 2000 };

typedef struct scatter {
    size_t count, of;
    gd_point points[MOST_POINTS];
} scatter;

/* Of n samples at most MOST_POINTS, evenly spread over them. */
static void take(scatter *s, size_t n, const float *x, size_t x_stride, const float *y, size_t y_stride, gd_range *x_range, gd_range *y_range) {
    s->of = n;
    s->count = gd_least(n, MOST_POINTS);
    for (size_t i = 0; i < s->count; i++) {
        size_t at = n <= MOST_POINTS ? i : (size_t)((double)i * (double)n / MOST_POINTS);
        s->points[i] = (gd_point){x[at * x_stride], y[at * y_stride]};
        gd_range_add(x_range, s->points[i].x);
        gd_range_add(y_range, s->points[i].y);
    }
}

static void describe(gd_writer *out, const scatter *s, const gd_report *report) {
    gd_write_markup(out, " %u samples", s->of);
    if (report->scored_set != NULL) gd_write_markup(out, " of the %s set", report->scored_set);
    if (s->count < s->of) gd_write_markup(out, ", %u of them drawn", s->count);
    gd_write_text(out, ".");
}

static void make_text(char text[80], const scatter *s, const char *set) {
    char some[52] = "";
    if (s->count < s->of) snprintf(some, sizeof some, ", %zu of %zu", s->count, s->of);
    snprintf(text, 80, "%.20s samples%s", set != NULL ? set : "the", some);
}

static void add_fit(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report, size_t k) {
    const gd_report_target *target = &report->targets[k];
    gd_plot *plot = gd_plots_add(plots, allocator, GD_PLOT_RESULT, "fit", k + 1);
    gd_range x = {.any = false}, y = {.any = false};
    scatter samples, line;
    char text[80];
    if (plot == NULL) return;
    take(&samples, target->samples, target->feature, 1, target->truth, target->stride, &x, &y);
    take(&line, target->grid, target->grid_feature, 1, target->grid_predicted, target->stride, &x, &y);
    gd_chart chart = {.title = "Fitted line", .x_label = report->feature_name != NULL ? report->feature_name : "input", .height = 420};
    chart.y_label = target->name != NULL ? target->name : "target";
    chart.x = gd_axis_linear(&x, 6);
    chart.y = gd_axis_linear(&y, 6);
    make_text(text, &samples, report->scored_set);
    gd_chart_legend(&chart, GD_MARK_POINT, 0, text);
    gd_chart_legend(&chart, GD_MARK_LINE, 1, "prediction");
    gd_chart_open(&chart, plot);
    gd_write_markup(&plot->svg, "%s over %s, with the net's predictions as a line.", chart.y_label, chart.x_label);
    describe(&plot->svg, &samples, report);
    gd_chart_axes(&chart);
    gd_chart_points(&chart, samples.points, samples.count, 0);
    gd_chart_line(&chart, line.points, line.count, 1, line.count == 1);
    gd_plot_close(plot);
}

static void add_predicted(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report, size_t k) {
    const gd_report_target *target = &report->targets[k];
    gd_plot *plot = gd_plots_add(plots, allocator, GD_PLOT_RESULT, "predicted", k + 1);
    gd_range range = {.any = false};
    scatter samples;
    char text[80], title[160];
    if (plot == NULL) return;
    take(&samples, target->samples, target->truth, target->stride, target->predicted, target->stride, &range, &range);
    snprintf(title, sizeof title, "Predicted against true%s%.100s", target->name != NULL ? ": " : "", target->name != NULL ? target->name : "");
    gd_chart chart = {.title = title, .x_label = "true", .y_label = "predicted", .height = 420};
    chart.x = chart.y = gd_axis_linear(&range, 6);
    make_text(text, &samples, report->scored_set);
    gd_chart_legend(&chart, GD_MARK_POINT, 0, text);
    gd_chart_legend(&chart, GD_MARK_GUIDE, 0, "predicted = true");
    gd_chart_open(&chart, plot);
    gd_write_markup(&plot->svg, "Predicted over true values of %s.", target->name != NULL ? target->name : "the target");
    describe(&plot->svg, &samples, report);
    gd_chart_axes(&chart);
    gd_chart_guide(&chart, (gd_point){chart.x.low, chart.y.low}, (gd_point){chart.x.high, chart.y.high});
    gd_chart_points(&chart, samples.points, samples.count, 0);
    gd_plot_close(plot);
}

void gd_plots_regression(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report) {
    for (size_t k = 0; k < report->target_count; k++) {
        const gd_report_target *target = &report->targets[k];
        if (target->feature != NULL && target->grid_feature != NULL && target->grid_predicted != NULL) add_fit(plots, allocator, report, k);
        if (target->truth != NULL && target->predicted != NULL) add_predicted(plots, allocator, report, k);
    }
}
