/* Progress of a training run on a terminal or in a log. Plain letters without colour: nothing to turn off for NO_COLOR. */
#include "report/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "format/json.h"

enum { LINE = 512, LONGEST_BAR = 40, SHORTEST_BAR = 8, PIECE = 64, PIECES = 5 + GD_PROGRESS_METRICS };

/* A line is made of pieces; where there is no room for all, the least important ones go first. */
typedef struct piece {
    int importance; /* the greater, the longer it stays */
    char text[PIECE];
} piece;

double gd_seconds(void) { return (double)gd_clock_nanoseconds() * 1e-9; }

static bool can_redraw(FILE *out) {
    const char *terminal = getenv("TERM");
    return isatty(fileno(out)) && terminal != NULL && terminal[0] != 0 && strcmp(terminal, "dumb") != 0;
}

static size_t terminal_columns(FILE *out) {
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col < LINE ? size.ws_col : LINE - 1;
}

void gd_print_rate(char text[16], double rate) {
    char number[32];
    double divisor = rate < 1e3 ? 1.0 : rate < 1e6 ? 1e3 : 1e6;
    gd_print_fixed(number, rate / divisor, rate < 1e3 ? 0 : rate < 1e6 ? 1 : 2);
    snprintf(text, 16, "%.14s%s", number, rate < 1e3 ? "" : rate < 1e6 ? "k" : "M");
}

static void print_duration(char text[32], double seconds) {
    uint64_t s = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : (uint64_t)1e9;
    if (s < 3600) {
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    } else {
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
    }
}

/* Four decimals, so that the line stays still; of very small and very large values four digits. */
static void print_number(char text[32], double value) {
    if (fabs(value) >= 1e-3 && fabs(value) < 1e5) {
        gd_print_fixed(text, value, 4);
    } else {
        gd_print_general(text, value, 4);
    }
}

gd_progress_view gd_progress_begin(FILE *out, uint64_t samples, uint64_t total_steps) {
    double now = gd_seconds();
    return (gd_progress_view){.out = out,
                              .live = out != NULL && can_redraw(out),
                              .samples = samples,
                              .total_steps = total_steps,
                              .begin = now,
                              .epoch_begin = now,
                              .drawn = now};
}

void gd_progress_resume(gd_progress_view *view, uint64_t step, uint64_t epoch_samples) {
    view->first_step = step;
    view->first_sample = epoch_samples;
}

static void add_piece(piece *pieces, size_t *count, int importance, const char *lead, const char *text, const char *end) {
    if (*count == PIECES) return;
    pieces[*count].importance = importance;
    snprintf(pieces[(*count)++].text, PIECE, "%.36s%.20s%s", lead, text, end);
}

/* What follows the bar or, in a log, the epoch's number. */
static size_t make_pieces(const gd_progress_view *view, const gradus_progress *progress, double now, piece pieces[PIECES]) {
    char text[32], name[PIECE], rate[16];
    size_t count = 0;
    print_number(text, progress->epoch_loss);
    add_piece(pieces, &count, 8, "loss ", text, "");
    for (size_t i = 0; i < view->metric_count; i++) {
        print_number(text, view->metrics[i].value);
        snprintf(name, sizeof name, "%.30s ", view->metrics[i].name);
        add_piece(pieces, &count, 6 - (int)i, name, text, "");
    }
    double seconds = now - view->epoch_begin;
    gd_print_rate(rate, seconds > 0.0 ? (double)(progress->epoch_samples - view->first_sample) / seconds : 0.0);
    add_piece(pieces, &count, 7, "", rate, " samples/s");
    if (progress->step > view->first_step && progress->step < view->total_steps) {
        double a_step = (now - view->begin) / (double)(progress->step - view->first_step);
        print_duration(text, a_step * (double)(view->total_steps - progress->step));
        add_piece(pieces, &count, 9, "ETA ", text, "");
    }
    return count;
}

/* "[====>    ]" of `length` characters in all. */
static void print_bar(char *text, size_t length, double share) {
    size_t inside = length - 2, done = (size_t)(share * (double)inside);
    text[0] = '[';
    for (size_t i = 0; i < inside; i++) text[1 + i] = i < done ? '=' : i == done ? '>' : ' ';
    text[length - 1] = ']';
    text[length] = 0;
}

/* Drops pieces until the rest, each after two blanks, takes no more than `room`; returns what it takes. */
static size_t fit_pieces(piece *pieces, size_t *count, size_t room) {
    for (;;) {
        size_t taken = 0, least = 0;
        for (size_t i = 0; i < *count; i++) {
            taken += 2 + strlen(pieces[i].text);
            if (pieces[i].importance < pieces[least].importance) least = i;
        }
        if (taken <= room) return taken;
        memmove(&pieces[least], &pieces[least + 1], (--*count - least) * sizeof *pieces);
    }
}

static void make_line(const gd_progress_view *view, const gradus_progress *progress, double now, size_t width, char line[LINE]) {
    piece pieces[PIECES];
    char bar[LONGEST_BAR + 1], percent[16];
    double share = (double)progress->epoch_samples / (double)view->samples;
    size_t count = make_pieces(view, progress, now, pieces);
    size_t number = (size_t)snprintf(percent, sizeof percent, " %3.0f%%", share * 100.0);
    size_t at = (size_t)snprintf(line, LINE, "epoch %" PRIu64 "/%" PRIu64, progress->epoch, progress->epochs);
    if (at + number > width) at = (size_t)snprintf(line, LINE, "%" PRIu64 "/%" PRIu64, progress->epoch, progress->epochs);
    if (at + number <= width) {
        size_t room = width - at - number, taken = fit_pieces(pieces, &count, room), space = room - taken;
        if (space > SHORTEST_BAR) {
            print_bar(bar, space - 1 < LONGEST_BAR ? space - 1 : LONGEST_BAR, share);
            at += (size_t)snprintf(line + at, LINE - at, " %s", bar);
        }
        at += (size_t)snprintf(line + at, LINE - at, "%s", percent);
        for (size_t i = 0; i < count; i++) at += (size_t)snprintf(line + at, LINE - at, "  %s", pieces[i].text);
    }
    if (at > width) line[width] = 0;
}

/* The cursor rests at the line's beginning: when a terminal that has become narrower breaks the line, the rows that it takes are all below. */
static void draw(gd_progress_view *view, const gradus_progress *progress, double now) {
    char line[LINE];
    size_t columns = terminal_columns(view->out);
    make_line(view, progress, now, columns - 1, line);
    fprintf(view->out, "%s\r%s\033[K\r", columns < view->columns ? "\r\033[J" : "", line);
    fflush(view->out);
    view->columns = columns;
}

void gd_progress_step(gd_progress_view *view, const gradus_progress *progress) {
    if (!view->live) return;
    double now = gd_seconds();
    if (now - view->drawn < 0.1) return;
    view->drawn = now;
    draw(view, progress, now);
}

void gd_progress_epoch(gd_progress_view *view, const gradus_progress *progress, const gd_progress_metric *metrics, size_t count) {
    double now = gd_seconds();
    view->metric_count = count < GD_PROGRESS_METRICS ? count : GD_PROGRESS_METRICS;
    for (size_t i = 0; i < view->metric_count; i++) view->metrics[i] = metrics[i];
    if (view->out != NULL) {
        piece pieces[PIECES];
        size_t parts = make_pieces(view, progress, now, pieces);
        fprintf(view->out, "%sepoch %" PRIu64 "/%" PRIu64, view->live ? "\r\033[J" : "", progress->epoch, progress->epochs);
        for (size_t i = 0; i < parts; i++) fprintf(view->out, "  %s", pieces[i].text);
        fprintf(view->out, "\n");
        fflush(view->out);
    }
    view->first_sample = 0;
    view->epoch_begin = now;
}

void gd_progress_end(gd_progress_view *view) {
    if (!view->live) return;
    fprintf(view->out, "\r\033[J");
    fflush(view->out);
}
