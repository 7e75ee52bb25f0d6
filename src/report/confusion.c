/* The confusion matrix: a cell a pair of classes, the more solid the larger its share of the true class. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/detmath.h"
#include "report/markup.h"
#include "report/plots.h"

/* The style's .o1 to .o7. Counts change from dark to light at SOLID; in between neither would have enough contrast. */
enum { LEVELS = 7, SOLID = 6, LABEL_COLUMNS = 14, NARROW = 14 };

static const double LETTER = 6.9, TOP = 64.0, LARGEST_CELL = 100.0;

typedef struct matrix {
    const gd_report_classes *classes;
    gd_plot *plot;
    double left, cell, bottom; /* of the cells */
    double names;              /* the longest name's width */
    size_t every;              /* each so-manyth class has a label */
    bool turned;               /* labels under the matrix run upwards */
} matrix;

const char *gd_class_name(const gd_report_classes *classes, size_t k, char text[24]) {
    if (classes->names != NULL && classes->names[k] != NULL) return classes->names[k];
    snprintf(text, 24, "%zu", k);
    return text;
}

static uint64_t count_of(const matrix *m, size_t truth, size_t predicted) { return m->classes->confusion[truth * m->classes->count + predicted]; }

static double row_total(const matrix *m, size_t truth) {
    double total = 0.0;
    for (size_t p = 0; p < m->classes->count; p++) total += (double)count_of(m, truth, p);
    return total;
}

/* The root makes small shares visible. 0: no cell. */
static size_t level_of(uint64_t count, double total) {
    size_t level = count > 0 ? (size_t)(gd_sqrt((double)count / total) * LEVELS) + 1 : 0;
    return level < LEVELS ? level : LEVELS;
}

static void lay_out(matrix *m) {
    char text[24];
    size_t longest = 2, n = m->classes->count;
    for (size_t k = 0; k < n && longest < LABEL_COLUMNS; k++) {
        size_t columns = gd_text_columns(gd_class_name(m->classes, k, text));
        if (columns > longest) longest = columns < LABEL_COLUMNS ? columns : LABEL_COLUMNS;
    }
    m->names = (double)longest * LETTER;
    m->left = GD_PLOT_MARGIN + m->names + 6;
    m->cell = (GD_PLOT_WIDTH - GD_PLOT_MARGIN - m->left) / (double)n;
    if (m->cell > LARGEST_CELL) m->cell = LARGEST_CELL;
    m->every = m->cell >= NARROW ? 1 : (size_t)(NARROW / m->cell) + 1;
    m->turned = m->names > m->cell * (double)m->every - 4;
    m->bottom = TOP + m->cell * (double)n;
}

/* All cells of a level are one path: matrices of many classes stay small. */
static void write_level(const matrix *m, size_t level, bool right) {
    gd_writer *out = &m->plot->svg;
    double side = m->cell >= 10 ? m->cell - 1 : m->cell;
    gd_write_markup(out, "<path class=\"%s o%u\" d=\"", right ? "right" : "wrong", level);
    for (size_t t = 0; t < m->classes->count; t++) {
        double total = row_total(m, t);
        for (size_t p = 0; p < m->classes->count; p++) {
            if ((t == p) != right || level_of(count_of(m, t, p), total) != level) continue;
            gd_write_markup(out, "M%n %nh%nv%nh%nz", m->left + (double)p * m->cell, TOP + (double)t * m->cell, side, side, -side);
        }
    }
    gd_write_text(out, "\"/>\n");
}

static void write_labels(const matrix *m) {
    gd_writer *out = &m->plot->svg;
    char text[24];
    for (size_t k = 0; k < m->classes->count; k += m->every) {
        const char *name = gd_class_name(m->classes, k, text);
        double middle = ((double)k + 0.5) * m->cell, x = m->left + middle, y = m->bottom + (m->turned ? 8 : 16);
        gd_write_markup(out, "<text class=\"name\" text-anchor=\"end\" x=\"%n\" y=\"%n\">", m->left - 6, TOP + middle + 4);
        gd_write_shortened(out, name, LABEL_COLUMNS);
        if (m->turned) {
            gd_write_markup(out, "</text>\n<text class=\"name\" text-anchor=\"end\" transform=\"translate(%n %n) rotate(-90)\">", x + 4, y);
        } else {
            gd_write_markup(out, "</text>\n<text class=\"name\" text-anchor=\"middle\" x=\"%n\" y=\"%n\">", x, y);
        }
        gd_write_shortened(out, name, LABEL_COLUMNS);
        gd_write_text(out, "</text>\n");
    }
}

static void write_count(const matrix *m, size_t truth, size_t predicted, double total) {
    gd_writer *out = &m->plot->svg;
    uint64_t count = count_of(m, truth, predicted);
    char text[24], names[2][24];
    snprintf(text, sizeof text, "%" PRIu64, count);
    gd_write_markup(out, "<text class=\"count%s\" x=\"%n\" y=\"%n\">", level_of(count, total) >= SOLID ? " on" : "",
                    m->left + ((double)predicted + 0.5) * m->cell, TOP + ((double)truth + 0.5) * m->cell + 4);
    gd_write_markup(out, "<title>true %s, predicted %s: %s (%g %% of true %s)</title>%s</text>\n", gd_class_name(m->classes, truth, names[0]),
                    gd_class_name(m->classes, predicted, names[1]), text, 100.0 * (double)count / total, gd_class_name(m->classes, truth, names[0]),
                    text);
}

/* Only where the largest one fits its cell. */
static void write_counts(const matrix *m) {
    uint64_t largest = 0;
    char text[24];
    size_t n = m->classes->count;
    for (size_t i = 0; i < n * n; i++) largest = m->classes->confusion[i] > largest ? m->classes->confusion[i] : largest;
    double room = m->cell - 4, width = (double)snprintf(text, sizeof text, "%" PRIu64, largest) * LETTER;
    double size = width <= room ? 12 : 12 * room / width;
    if (size < 8.5 || m->cell < NARROW) return;
    gd_write_markup(&m->plot->svg, "<g text-anchor=\"middle\" style=\"font-size:%npx\">\n", size);
    for (size_t t = 0; t < n; t++) {
        double total = row_total(m, t);
        for (size_t p = 0; p < n; p++) {
            if (count_of(m, t, p) > 0) write_count(m, t, p, total);
        }
    }
    gd_write_text(&m->plot->svg, "</g>\n");
}

static void describe(const matrix *m, const char *set) {
    double right = 0.0, all = 0.0;
    for (size_t t = 0; t < m->classes->count; t++) {
        right += (double)count_of(m, t, t);
        all += row_total(m, t);
    }
    gd_write_markup(&m->plot->svg, "Counts of true classes (rows) and predicted classes (columns), %u classes", m->classes->count);
    if (set != NULL) gd_write_markup(&m->plot->svg, ", %s set", set);
    gd_write_markup(&m->plot->svg, ". %g of %g samples are on the diagonal.", right, all);
}

void gd_plots_confusion(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report) {
    matrix m = {.classes = &report->classes};
    if (m.classes->confusion == NULL || m.classes->count < 2 || m.classes->count > GD_CONFUSION_CLASSES) return;
    m.plot = gd_plots_add(plots, allocator, GD_PLOT_RESULT, "confusion", 1);
    if (m.plot == NULL) return;
    lay_out(&m);
    double side = m.cell * (double)m.classes->count, labels = m.turned ? m.names + 8 : 20, height = m.bottom + labels + 28;
    gd_writer *out = &m.plot->svg;
    gd_plot_open(m.plot, height, "Confusion matrix");
    describe(&m, report->scored_set);
    char remark[40] = "";
    if (report->scored_set != NULL) snprintf(remark, sizeof remark, "%.24s set", report->scored_set);
    gd_plot_body(m.plot, height, "Confusion matrix", remark);
    gd_write_markup(out,
                    "<rect class=\"right o5\" x=\"%n\" y=\"35\" width=\"10\" height=\"10\"/><text class=\"name\" x=\"%n\" y=\"44\">right</text>\n",
                    (double)GD_PLOT_MARGIN, GD_PLOT_MARGIN + 16.0);
    gd_write_markup(out,
                    "<rect class=\"wrong o5\" x=\"%n\" y=\"35\" width=\"10\" height=\"10\"/><text class=\"name\" x=\"%n\" y=\"44\">wrong</text>\n",
                    72.0, 88.0);
    gd_write_text(out, "<text x=\"138\" y=\"44\">rows: true class; solid: a large share of its row</text>\n");
    for (size_t level = 1; level <= LEVELS; level++) write_level(&m, level, true);
    for (size_t level = 1; level <= LEVELS; level++) write_level(&m, level, false);
    gd_write_markup(out, "<rect class=\"base\" x=\"%n\" y=\"%n\" width=\"%n\" height=\"%n\"/>\n", m.left - 1, TOP - 1, side + 1, side + 1);
    write_labels(&m);
    write_counts(&m);
    gd_write_markup(out, "<text text-anchor=\"middle\" x=\"%n\" y=\"%n\">predicted class</text>\n", m.left + side / 2, m.bottom + labels + 16);
    gd_plot_close(m.plot);
}
