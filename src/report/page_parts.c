/* The page's parts that are not plots: tiles, tables, pictures. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "format/json.h"
#include "report/markup.h"
#include "report/page.h"
#include "report/png.h"

enum { TILES = 4, COLUMNS = 12, TABLE_ROWS = 200, COUNT_TABLE = 20, CLASS_ROWS = 1000, PICTURE_SIDE = 512, PICTURES = 100 };

static void write_cell(gd_writer *out, double value) {
    if (isnan(value)) {
        gd_write_text(out, "<td>\xE2\x80\x93</td>");
    } else {
        gd_write_markup(out, "<td>%g</td>", value);
    }
}

/* A share, with as many digits in each row. */
static void write_share_cell(gd_writer *out, uint64_t part, uint64_t of) {
    char text[32];
    gd_print_fixed(text, of > 0 ? (double)part / (double)of : 0.0, 4);
    gd_write_markup(out, "<td>%s</td>", of > 0 ? text : "\xE2\x80\x93");
}

static void write_integer_cell(gd_writer *out, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    gd_write_markup(out, "<td>%s</td>", text);
}

/* Minutes and seconds from a minute on. */
static void print_seconds(char text[32], double seconds) {
    char value[32];
    if (seconds < 60.0) {
        gd_print_general(value, seconds, 3);
        snprintf(text, 32, "%.20s s", value);
    } else {
        uint64_t s = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : (uint64_t)1e9;
        snprintf(text, 32, s < 3600 ? "%" PRIu64 " min %02" PRIu64 " s" : "%" PRIu64 " h %02" PRIu64 " min", s / (s < 3600 ? 60 : 3600),
                 s < 3600 ? s % 60 : s / 60 % 60);
    }
}

/* The set that says most: the last one, for sets come as train, valid, test. */
static void write_tiles(gd_writer *out, const gd_report *report) {
    const gd_report_set *set = &report->sets[report->set_count - 1];
    size_t tiles = 0;
    gd_write_text(out, "<div class=\"tiles\">\n");
    for (size_t i = 0; i < set->score_count && tiles < TILES; i++) {
        if (isnan(set->scores[i].value)) continue;
        gd_write_markup(out, "<div class=\"tile\"><span class=\"faint\">%s %s</span><b>%g</b></div>\n", set->name, set->scores[i].name,
                        set->scores[i].value);
        tiles++;
    }
    if (report->history.epochs > 0)
        gd_write_markup(out, "<div class=\"tile\"><span class=\"faint\">epochs</span><b>%u</b></div>\n", report->history.epochs);
    if (isfinite(report->seconds)) {
        char text[32];
        print_seconds(text, report->seconds);
        gd_write_markup(out, "<div class=\"tile\"><span class=\"faint\">training time</span><b>%s</b></div>\n", text);
    }
    gd_write_text(out, "</div>\n");
}

static const gd_report_score *find_score(const gd_report_set *set, const char *name) {
    for (size_t i = 0; i < set->score_count; i++) {
        if (strcmp(set->scores[i].name, name) == 0) return &set->scores[i];
    }
    return NULL;
}

/* The names of all scores that are there, in order of appearance. */
static size_t score_names(const gd_report *report, const char *names[COLUMNS]) {
    size_t count = 0;
    for (size_t s = 0; s < report->set_count; s++) {
        for (size_t i = 0; i < report->sets[s].score_count; i++) {
            const gd_report_score *score = &report->sets[s].scores[i];
            size_t k = 0;
            while (k < count && strcmp(names[k], score->name) != 0) k++;
            if (k == count && count < COLUMNS && !isnan(score->value)) names[count++] = score->name;
        }
    }
    return count;
}

void gd_page_scores(gd_writer *out, const gd_report *report) {
    const char *names[COLUMNS];
    size_t count = score_names(report, names);
    if (report->set_count > 0) write_tiles(out, report);
    gd_write_text(out, "</header>\n");
    if (report->set_count == 0) return;
    gd_write_text(out,
                  "<section>\n<h2>Scores</h2>\n<div class=\"card\"><table>\n<thead><tr><th scope=\"col\">set</th><th scope=\"col\">samples</th>");
    for (size_t k = 0; k < count; k++) gd_write_markup(out, "<th scope=\"col\">%s</th>", names[k]);
    gd_write_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t s = 0; s < report->set_count; s++) {
        gd_write_markup(out, "<tr><th scope=\"row\">%s</th>", report->sets[s].name);
        write_integer_cell(out, report->sets[s].samples);
        for (size_t k = 0; k < count; k++) {
            const gd_report_score *score = find_score(&report->sets[s], names[k]);
            write_cell(out, score != NULL ? score->value : NAN);
        }
        gd_write_text(out, "</tr>\n");
    }
    gd_write_text(out, "</tbody></table></div>\n</section>\n");
}

static void write_class_row(gd_writer *out, const gd_report_classes *classes, size_t k) {
    uint64_t in_row = 0, in_column = 0, hit = classes->confusion[k * classes->count + k];
    char text[24];
    for (size_t i = 0; i < classes->count; i++) {
        in_row += classes->confusion[k * classes->count + i];
        in_column += classes->confusion[i * classes->count + k];
    }
    gd_write_markup(out, "<tr><th scope=\"row\" class=\"name\"><bdi>%s</bdi></th>", gd_class_name(classes, k, text));
    write_integer_cell(out, in_row);
    write_share_cell(out, hit, in_column);
    write_share_cell(out, hit, in_row);
    write_share_cell(out, 2 * hit, in_row + in_column);
    gd_write_text(out, "</tr>\n");
}

/* The matrix in numbers, for those who cannot see it. */
static void write_count_table(gd_writer *out, const gd_report_classes *classes) {
    char text[24];
    gd_write_text(out, "<details class=\"card\"><summary>Confusion matrix in numbers</summary>\n<div class=\"scroll\"><table>\n"
                       "<caption>rows: true class, columns: predicted class</caption>\n<thead><tr><td></td>");
    for (size_t p = 0; p < classes->count; p++)
        gd_write_markup(out, "<th scope=\"col\" class=\"name\"><bdi>%s</bdi></th>", gd_class_name(classes, p, text));
    gd_write_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t t = 0; t < classes->count; t++) {
        gd_write_markup(out, "<tr><th scope=\"row\" class=\"name\"><bdi>%s</bdi></th>", gd_class_name(classes, t, text));
        for (size_t p = 0; p < classes->count; p++) write_integer_cell(out, classes->confusion[t * classes->count + p]);
        gd_write_text(out, "</tr>\n");
    }
    gd_write_text(out, "</tbody></table></div></details>\n");
}

void gd_page_classes(gd_writer *out, const gd_report *report) {
    const gd_report_classes *classes = &report->classes;
    if (classes->confusion == NULL || classes->count == 0) return;
    gd_write_text(out, "<div>\n<div class=\"card\"><h3>Classes</h3><div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">class</th>"
                       "<th scope=\"col\">samples</th><th scope=\"col\">precision</th><th scope=\"col\">recall</th><th "
                       "scope=\"col\">F1</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < classes->count && k < CLASS_ROWS; k++) write_class_row(out, classes, k);
    gd_write_text(out, "</tbody></table></div>");
    if (classes->count > CLASS_ROWS) gd_write_markup(out, "<p class=\"faint\">The first %u of %u classes.</p>", (size_t)CLASS_ROWS, classes->count);
    gd_write_text(out, "</div>\n");
    if (classes->count <= COUNT_TABLE) write_count_table(out, classes);
    gd_write_text(out, "</div>\n");
}

static void write_picture(gd_writer *out, const gd_report *report, const gd_report_mistake *mistake) {
    const gd_report_pictures *pictures = &report->pictures;
    char names[2][24];
    const char *truth = gd_class_name(&report->classes, mistake->truth, names[0]),
               *predicted = gd_class_name(&report->classes, mistake->predicted, names[1]);
    gd_writer png = gd_writer_make(out->allocator);
    gd_png_write(&png, mistake->pixels, pictures->height, pictures->width);
    gd_write_markup(out, "<li><img alt=\"true %s, predicted %s\" src=\"data:image/png;base64,", truth, predicted);
    gd_write_base64(out, png.data, png.size);
    out->failed = out->failed || png.failed;
    gd_writer_free(&png);
    gd_write_markup(out, "\"><b><bdi>%s</bdi></b> taken for <b><bdi>%s</bdi></b>", truth, predicted);
    char probability[32];
    gd_print_fixed(probability, mistake->probability, 3);
    if (isfinite(mistake->probability)) gd_write_markup(out, "<br><span class=\"faint\">probability %s</span>", probability);
    gd_write_text(out, "</li>\n");
}

void gd_page_mistakes(gd_writer *out, const gd_report *report) {
    const gd_report_pictures *pictures = &report->pictures;
    if (pictures->count == 0 || pictures->height == 0 || pictures->width == 0) return;
    gd_write_text(out, "<h2>Worst mistakes</h2>\n<div class=\"card\">");
    if (pictures->height > PICTURE_SIDE || pictures->width > PICTURE_SIDE) {
        gd_write_markup(out, "<p class=\"faint\">Pictures of %u x %u are too large for this page.</p></div>\n", pictures->width, pictures->height);
        return;
    }
    gd_write_text(out, "<ul class=\"pictures\">\n");
    for (size_t i = 0; i < pictures->count && i < PICTURES; i++) write_picture(out, report, &pictures->mistakes[i]);
    gd_write_text(out, "</ul></div>\n");
}

static void write_epoch(gd_writer *out, const gd_report_history *history, size_t epoch) {
    gd_write_markup(out, "<tr><th scope=\"row\">%u</th>", epoch + 1);
    if (history->train_loss != NULL) write_cell(out, history->train_loss[epoch]);
    if (history->valid_loss != NULL) write_cell(out, history->valid_loss[epoch]);
    for (size_t k = 0; k < history->metric_count; k++) write_cell(out, history->metrics[k].values[epoch]);
    if (history->learning_rate != NULL) write_cell(out, history->learning_rate[epoch]);
    gd_write_text(out, "</tr>\n");
}

void gd_page_epochs(gd_writer *out, const gd_report *report) {
    const gd_report_history *history = &report->history;
    size_t n = history->epochs, rows = gd_least(n, TABLE_ROWS);
    gd_write_text(out, "<details class=\"card\"><summary>The epochs in numbers</summary>\n<div class=\"scroll\"><table>\n");
    if (rows < n) gd_write_markup(out, "<caption>%u of %u epochs</caption>\n", rows, n);
    gd_write_text(out, "<thead><tr><th scope=\"col\">epoch</th>");
    if (history->train_loss != NULL) gd_write_text(out, "<th scope=\"col\">train loss</th>");
    if (history->valid_loss != NULL) gd_write_text(out, "<th scope=\"col\">valid loss</th>");
    for (size_t k = 0; k < history->metric_count; k++)
        gd_write_markup(out, "<th scope=\"col\">%s %s</th>", history->metrics[k].set, history->metrics[k].metric);
    if (history->learning_rate != NULL) gd_write_text(out, "<th scope=\"col\">learning rate</th>");
    gd_write_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < rows; i++) write_epoch(out, history, rows < n ? (size_t)((double)i * (double)(n - 1) / (double)(rows - 1) + 0.5) : i);
    gd_write_text(out, "</tbody></table></div></details>\n");
}

static void write_fact(gd_writer *out, const char *key, const char *value) {
    if (value != NULL) gd_write_markup(out, "<tr><th scope=\"row\">%s</th><td><bdi>%s</bdi></td></tr>\n", key, value);
}

void gd_page_run(gd_writer *out, const gd_report *report) {
    char text[32], rate[32];
    gd_write_text(out, "<section>\n<h2>Run</h2>\n<div class=\"grid\">\n<div class=\"card\"><h3>Result</h3><table class=\"words\">\n<tbody>\n");
    if (report->weights_sha256 != NULL) {
        gd_write_markup(out, "<tr><th scope=\"row\">weights, SHA-256</th><td><code>%s</code></td></tr>\n", report->weights_sha256);
    }
    print_seconds(text, report->seconds);
    write_fact(out, "training time", isfinite(report->seconds) ? text : NULL);
    gd_print_value(text, report->samples_per_second);
    snprintf(rate, sizeof rate, "%.20s samples/s", text);
    write_fact(out, "speed", isfinite(report->samples_per_second) ? rate : NULL);
    write_fact(out, "instruction set", report->isa);
    snprintf(text, sizeof text, "%" PRIu32, report->threads);
    write_fact(out, "threads", report->threads > 0 ? text : NULL);
    write_fact(out, "gradus", report->version);
    gd_write_text(out, "</tbody></table></div>\n");
    if (report->configuration_count > 0) {
        gd_write_text(out, "<div class=\"card\"><h3>Configuration</h3><table class=\"words\">\n<tbody>\n");
        for (size_t i = 0; i < report->configuration_count; i++) write_fact(out, report->configuration[i].key, report->configuration[i].value);
        gd_write_text(out, "</tbody></table></div>\n");
    }
    gd_write_text(out, "</div>\n</section>\n");
}
