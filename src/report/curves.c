/* Curves over the epochs. Of many epochs each piece of the axis shows its first, least, greatest and last value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/chart.h"
#include "report/markup.h"
#include "report/plots.h"

enum { PIECES = 400, A_PIECE = 5, POINTS = PIECES * A_PIECE, DOTS = 40 };

typedef struct curve {
    const char *name;
    const double *values;
} curve;

typedef struct curves {
    const char *name, *title;
    const curve *list;
    size_t count, epochs, best;
} curves;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Whether a linear axis would press most values against its lower end. False in *enough: no memory. */
static bool wants_logarithm(const gradus_allocator *allocator, const curves *c, const gd_range *range, bool *enough) {
    size_t n = 0, bytes;
    if (!range->any || range->low < 0.0 || range->least_positive == 0.0 || range->high / range->least_positive < 30.0) return false;
    if (!gd_size_multiply(c->count * c->epochs, sizeof(double), &bytes)) bytes = SIZE_MAX;
    double *sorted = gd_allocate(allocator, bytes);
    *enough = sorted != NULL;
    if (sorted == NULL) return false;
    for (size_t i = 0; i < c->count * c->epochs; i++) {
        double value = c->list[i / c->epochs].values[i % c->epochs];
        if (isfinite(value)) sorted[n++] = value;
    }
    qsort(sorted, n, sizeof *sorted, by_value);
    bool low = sorted[n / 2] < range->high / 30.0;
    gd_release(allocator, sorted, bytes);
    return low;
}

/* Of one piece: indices in rising order, each once. */
static size_t pick(const double *values, size_t begin, size_t end, size_t picked[A_PIECE]) {
    size_t least = end, greatest = end, broken = end, count = 0;
    for (size_t i = begin; i < end; i++) {
        if (!isfinite(values[i])) {
            if (broken == end) broken = i;
            continue;
        }
        if (least == end || values[i] < values[least]) least = i;
        if (greatest == end || values[i] > values[greatest]) greatest = i;
    }
    for (size_t i = begin; i < end; i++) {
        if (i == begin || i == end - 1 || i == least || i == greatest || i == broken) picked[count++] = i;
    }
    return count;
}

static size_t thin(const double *values, size_t n, gd_point points[POINTS]) {
    size_t count = 0, pieces = n <= POINTS ? gd_blocks(n, A_PIECE) : PIECES;
    for (size_t p = 0; p < pieces; p++) {
        size_t picked[A_PIECE], begin = n <= POINTS ? p * A_PIECE : n / PIECES * p + gd_least(p, n % PIECES);
        size_t end = n <= POINTS ? gd_least(begin + A_PIECE, n) : begin + n / PIECES + (p < n % PIECES);
        size_t some = n <= POINTS ? end - begin : pick(values, begin, end, picked);
        for (size_t i = 0; i < some; i++) {
            size_t at = n <= POINTS ? begin + i : picked[i];
            points[count++] = (gd_point){(double)(at + 1), values[at]};
        }
    }
    return count;
}

static size_t not_finite(const curves *c) {
    size_t count = 0;
    for (size_t i = 0; i < c->count * c->epochs; i++) count += !isfinite(c->list[i / c->epochs].values[i % c->epochs]);
    return count;
}

/* "train: 2.31 at first, 0.04 at last, least 0.03 (epoch 14), greatest 2.31 (epoch 1)." */
static void describe(gd_writer *out, const curves *c) {
    gd_write_markup(out, "%s over %u epochs.", c->title, c->epochs);
    for (size_t k = 0; k < c->count; k++) {
        const double *values = c->list[k].values;
        size_t picked[A_PIECE], count = pick(values, 0, c->epochs, picked), least = 0, greatest = 0;
        for (size_t i = 1; i < count; i++) {
            if (!(values[picked[i]] >= values[picked[least]])) least = i;
            if (!(values[picked[i]] <= values[picked[greatest]])) greatest = i;
        }
        gd_write_markup(out, " %s: %g at first, %g at last, least %g (epoch %u), greatest %g (epoch %u).", c->list[k].name, values[0],
                        values[c->epochs - 1], values[picked[least]], picked[least] + 1, values[picked[greatest]], picked[greatest] + 1);
    }
}

static void draw(gd_chart *chart, gd_plot *plot, const curves *c) {
    gd_point points[POINTS];
    gd_chart_open(chart, plot);
    describe(&plot->svg, c);
    gd_chart_axes(chart);
    if (c->best > 0) gd_chart_guide(chart, (gd_point){(double)c->best, -INFINITY}, (gd_point){(double)c->best, INFINITY});
    for (size_t k = 0; k < c->count; k++) {
        size_t n = thin(c->list[k].values, c->epochs, points);
        gd_chart_line(chart, points, n, k, c->epochs <= DOTS);
        gd_chart_broken(chart, points, n, k);
    }
    gd_plot_close(plot);
}

static bool add(gd_plots *plots, const gradus_allocator *allocator, const curves *c) {
    gd_range range = {.any = false};
    bool enough = true;
    for (size_t i = 0; i < c->count * c->epochs; i++) gd_range_add(&range, c->list[i / c->epochs].values[i % c->epochs]);
    bool logarithmic = wants_logarithm(allocator, c, &range, &enough);
    gd_plot *plot = enough ? gd_plots_add(plots, allocator, GD_PLOT_TRAINING, c->name, 1) : NULL;
    if (plot == NULL) return enough;
    gd_chart chart = {.title = c->title, .remark = logarithmic ? "logarithmic scale" : NULL, .x_label = "epoch", .height = 300};
    chart.x = gd_axis_counts(c->epochs);
    chart.y = logarithmic ? gd_axis_logarithmic(&range) : gd_axis_linear(&range, 5);
    for (size_t k = 0; c->count > 1 && k < c->count; k++) gd_chart_legend(&chart, GD_MARK_LINE, k, c->list[k].name);
    char text[64];
    snprintf(text, sizeof text, "weights of epoch %zu kept", c->best);
    if (c->best > 0) gd_chart_legend(&chart, GD_MARK_GUIDE, 0, text);
    if (not_finite(c) > 0) gd_chart_legend(&chart, GD_MARK_BROKEN, 0, "not finite");
    draw(&chart, plot, c);
    return true;
}

/* "top_5" becomes "Top 5", "rmse" RMSE. */
static void make_title(const char *name, char title[64]) {
    static const char *const initials[][2] = {{"rmse", "RMSE"}, {"mse", "MSE"}, {"mae", "MAE"}, {"auc", "AUC"}, {"r2", "R\xC2\xB2"}};
    memset(title, 0, 64);
    for (size_t i = 0; i < sizeof initials / sizeof *initials; i++) {
        if (strcmp(name, initials[i][0]) == 0) {
            strcpy(title, initials[i][1]);
            return;
        }
    }
    strncpy(title, name, 63);
    for (char *c = title; *c != 0; c++) *c = *c == '_' ? ' ' : *c;
    if (title[0] >= 'a' && title[0] <= 'z') title[0] = (char)(title[0] - 'a' + 'A');
}

static bool first_of_its_metric(const gd_report_history *history, size_t k) {
    for (size_t i = 0; i < k; i++) {
        if (strcmp(history->metrics[i].metric, history->metrics[k].metric) == 0) return false;
    }
    return true;
}

static bool add_metric(gd_plots *plots, const gradus_allocator *allocator, const gd_report_history *history, size_t k) {
    curve list[GD_CHART_SERIES];
    char title[64];
    curves c = {.name = history->metrics[k].metric, .title = title, .list = list, .epochs = history->epochs, .best = history->best_epoch};
    make_title(c.name, title);
    for (size_t i = k; i < history->metric_count && c.count < GD_CHART_SERIES; i++) {
        if (strcmp(history->metrics[i].metric, c.name) == 0) list[c.count++] = (curve){history->metrics[i].set, history->metrics[i].values};
    }
    return add(plots, allocator, &c);
}

bool gd_plots_curves(gd_plots *plots, const gradus_allocator *allocator, const gd_report_history *history) {
    curve loss[2], rate = {"learning rate", history->learning_rate};
    curves c = {.name = "loss", .title = "Loss", .list = loss, .epochs = history->epochs, .best = history->best_epoch};
    bool enough = true;
    if (history->epochs == 0) return true;
    if (history->train_loss != NULL) loss[c.count++] = (curve){"train", history->train_loss};
    if (history->valid_loss != NULL) loss[c.count++] = (curve){"valid", history->valid_loss};
    if (c.count > 0) enough = add(plots, allocator, &c);
    for (size_t k = 0; k < history->metric_count && enough; k++) {
        if (first_of_its_metric(history, k)) enough = add_metric(plots, allocator, history, k);
    }
    c = (curves){.name = "learning-rate", .title = "Learning rate", .list = &rate, .count = 1, .epochs = history->epochs};
    if (history->learning_rate != NULL && enough) enough = add(plots, allocator, &c);
    return enough;
}
