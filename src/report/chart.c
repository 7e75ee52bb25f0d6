/* Charts: where everything lies. Text is measured by counting letters, so labels get some room to spare. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

#include "report/markup.h"

static const double LETTER = 6.9, SWATCH = 22.0, GAP = 18.0, ROW = 18.0, FIRST_ROW = 44.0;

void gd_chart_legend(gd_chart *chart, gd_mark mark, size_t series, const char *text) {
    if (chart->legend_count == GD_CHART_LEGEND) return;
    gd_legend *item = &chart->legend[chart->legend_count++];
    *item = (gd_legend){mark, series % GD_CHART_SERIES, ""};
    strncpy(item->text, text, sizeof item->text - 1);
}

void gd_chart_open(gd_chart *chart, gd_plot *plot) {
    chart->plot = plot;
    gd_plot_open(plot, chart->height, chart->title);
}

/* A point of a series: round, square, rhomb, triangle. */
static void write_mark(gd_writer *out, size_t series, double x, double y, double r) {
    switch (series) {
    case 0:
        gd_write_markup(out, "M%n %na%n %n 0 1 0 %n 0a%n %n 0 1 0 %n 0z", x - r, y, r, r, 2 * r, r, r, -2 * r);
        break;
    case 1:
        gd_write_markup(out, "M%n %nh%nv%nh%nz", x - r, y - r, 2 * r, 2 * r, -2 * r);
        break;
    case 2:
        gd_write_markup(out, "M%n %nl%n %nl%n %nl%n %nz", x, y - r - 1, r + 1, r + 1, -r - 1, r + 1, -r - 1, -r - 1);
        break;
    default:
        gd_write_markup(out, "M%n %nl%n %nh%nz", x, y - r - 1, r + 1, 2 * r + 1, -2 * r - 2);
        break;
    }
}

static void write_swatch(gd_writer *out, const gd_legend *item, double x, double y) {
    switch (item->mark) {
    case GD_MARK_LINE:
        gd_write_markup(out, "<path class=\"line s%u\" d=\"M%n %nh18\"/>", item->series, x, y);
        break;
    case GD_MARK_GUIDE:
        gd_write_markup(out, "<path class=\"guide\" d=\"M%n %nh18\"/>", x, y);
        break;
    case GD_MARK_BROKEN:
        gd_write_markup(out, "<path class=\"p%u\" d=\"M%n %nh10l-5 8z\"/>", item->series, x + 4, y - 4);
        break;
    case GD_MARK_POINT:
        gd_write_markup(out, "<path class=\"p%u\" d=\"", item->series);
        write_mark(out, item->series, x + 9, y, 3.5);
        gd_write_text(out, "\"/>");
        break;
    }
}

/* Items side by side; a row that is full is followed by another. Returns where the next row would be. */
static double write_legend(const gd_chart *chart) {
    gd_writer *out = &chart->plot->svg;
    double x = GD_PLOT_MARGIN, y = FIRST_ROW;
    for (size_t i = 0; i < chart->legend_count; i++) {
        const gd_legend *item = &chart->legend[i];
        size_t columns = gd_text_columns(item->text) < 50 ? gd_text_columns(item->text) : 50;
        double width = SWATCH + (double)columns * LETTER;
        if (x > GD_PLOT_MARGIN && x + width > GD_PLOT_WIDTH - GD_PLOT_MARGIN) {
            x = GD_PLOT_MARGIN;
            y += ROW;
        }
        write_swatch(out, item, x, y - 4);
        gd_write_markup(out, "<text class=\"name\" x=\"%n\" y=\"%n\">", x + SWATCH + 2, y);
        gd_write_shortened(out, item->text, 50);
        gd_write_text(out, "</text>\n");
        x += width + GAP;
    }
    return chart->legend_count > 0 ? y + ROW : FIRST_ROW;
}

static double longest_label(const gd_axis *axis) {
    size_t longest = 0;
    for (size_t i = 0; i < axis->count; i++) {
        if (strlen(axis->labels[i]) > longest) longest = strlen(axis->labels[i]);
    }
    return (double)longest * LETTER;
}

static double x_of(const gd_chart *chart, double share) { return chart->left + share * (chart->right - chart->left); }
static double y_of(const gd_chart *chart, double share) { return chart->bottom - share * (chart->bottom - chart->top); }

static void write_y_axis(const gd_chart *chart) {
    gd_writer *out = &chart->plot->svg;
    gd_write_text(out, "<path class=\"grid\" d=\"");
    for (size_t i = 0; i < chart->y.count; i++) gd_write_markup(out, "M%n %nH%n", chart->left, y_of(chart, chart->y.shares[i]), chart->right);
    gd_write_text(out, "\"/>\n<g text-anchor=\"end\">");
    for (size_t i = 0; i < chart->y.count; i++) {
        gd_write_markup(out, "<text x=\"%n\" y=\"%n\">%s</text>", chart->left - 7, y_of(chart, chart->y.shares[i]) + 4, chart->y.labels[i]);
    }
    gd_write_text(out, "</g>\n");
}

/* Ticks whose labels would meet go without. */
static void write_x_axis(const gd_chart *chart) {
    gd_writer *out = &chart->plot->svg;
    double width = longest_label(&chart->x), behind = -1e9;
    gd_write_markup(out, "<path class=\"base\" d=\"M%n %nH%n", chart->left, chart->bottom, chart->right);
    for (size_t i = 0; i < chart->x.count; i++) gd_write_markup(out, "M%n %nv4", x_of(chart, chart->x.shares[i]), chart->bottom);
    gd_write_text(out, "\"/>\n<g text-anchor=\"middle\">");
    for (size_t i = 0; i < chart->x.count; i++) {
        double x = x_of(chart, chart->x.shares[i]), half = (double)strlen(chart->x.labels[i]) * LETTER / 2.0;
        if (x + half > GD_PLOT_WIDTH - 2) x = GD_PLOT_WIDTH - 2 - half;
        if (x - width / 2.0 < behind) continue;
        behind = x + width / 2.0 + 6.0;
        gd_write_markup(out, "<text x=\"%n\" y=\"%n\">%s</text>", x, chart->bottom + 18, chart->x.labels[i]);
    }
    gd_write_markup(out, "<text x=\"%n\" y=\"%n\">", (chart->left + chart->right) / 2.0, chart->bottom + 36);
    gd_write_shortened(out, chart->x_label, 50);
    gd_write_text(out, "</text></g>\n");
}

void gd_chart_axes(gd_chart *chart) {
    gd_writer *out = &chart->plot->svg;
    gd_plot_body(chart->plot, chart->height, chart->title, chart->remark);
    double y = write_legend(chart);
    if (chart->y_label != NULL) {
        gd_write_markup(out, "<text x=\"%n\" y=\"%n\">", (double)GD_PLOT_MARGIN, y);
        gd_write_shortened(out, chart->y_label, 60);
        gd_write_text(out, "</text>\n");
        y += ROW;
    }
    double label = longest_label(&chart->y);
    chart->left = GD_PLOT_MARGIN + 8 + (label > 24.0 ? label : 24.0);
    chart->right = GD_PLOT_WIDTH - GD_PLOT_MARGIN - 4;
    chart->top = y + 2;
    chart->bottom = chart->height - 48;
    write_y_axis(chart);
    write_x_axis(chart);
}

static gd_point place(const gd_chart *chart, gd_point p) {
    return (gd_point){x_of(chart, gd_axis_share(&chart->x, p.x)), y_of(chart, gd_axis_share(&chart->y, p.y))};
}

static bool drawable(gd_point p) { return isfinite(p.x) && isfinite(p.y); }

static void write_marks(gd_chart *chart, const gd_point *points, size_t n, size_t series, double r, bool alone) {
    gd_writer *out = &chart->plot->svg;
    for (size_t i = 0; i < n; i++) {
        bool joined = (i > 0 && drawable(points[i - 1])) || (i + 1 < n && drawable(points[i + 1]));
        if (!drawable(points[i]) || (alone && joined)) continue;
        gd_point p = place(chart, points[i]);
        write_mark(out, series, p.x, p.y, r);
    }
}

void gd_chart_line(gd_chart *chart, const gd_point *points, size_t n, size_t series, bool dots) {
    gd_writer *out = &chart->plot->svg;
    bool drawing = false;
    series %= GD_CHART_SERIES;
    gd_write_markup(out, "<path class=\"line s%u\" d=\"", series);
    for (size_t i = 0; i < n; i++) {
        if (drawable(points[i])) {
            gd_point p = place(chart, points[i]);
            gd_write_markup(out, drawing ? "L%n %n" : "M%n %n", p.x, p.y);
        }
        drawing = drawable(points[i]);
    }
    gd_write_markup(out, "\"/>\n<path class=\"p%u\" d=\"", series);
    write_marks(chart, points, n, series, 3.0, !dots);
    gd_write_text(out, "\"/>\n");
}

void gd_chart_points(gd_chart *chart, const gd_point *points, size_t n, size_t series) {
    gd_writer *out = &chart->plot->svg;
    for (size_t i = 0; i < n; i++) {
        if (!drawable(points[i])) continue;
        gd_point p = place(chart, points[i]);
        gd_write_markup(out, "<circle class=\"p%u%s\" cx=\"%n\" cy=\"%n\" r=\"2.5\"/>", series, n > 300 ? " faint" : "", p.x, p.y);
        if (i % 8 == 7) gd_write_text(out, "\n");
    }
    gd_write_text(out, "\n");
}

void gd_chart_broken(gd_chart *chart, const gd_point *points, size_t n, size_t series) {
    gd_writer *out = &chart->plot->svg;
    gd_write_markup(out, "<path class=\"p%u\" d=\"", series % GD_CHART_SERIES);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(points[i].x) && !isfinite(points[i].y)) {
            gd_write_markup(out, "M%n %nh10l-5 8z", x_of(chart, gd_axis_share(&chart->x, points[i].x)) - 5, chart->top + 1);
        }
    }
    gd_write_text(out, "\"/>\n");
}

void gd_chart_guide(gd_chart *chart, gd_point a, gd_point b) {
    gd_point from = place(chart, a), to = place(chart, b);
    gd_write_markup(&chart->plot->svg, "<path class=\"guide\" d=\"M%n %nL%n %n\"/>\n", from.x, from.y, to.x, to.y);
}
