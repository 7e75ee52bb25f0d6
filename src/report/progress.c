/* Progress of a training run on a terminal or in a log. */
#include "report/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 512, LONGEST_BAR = 40, SHORTEST_BAR = 8 };

double gd_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

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
    if (rate < 1e3) {
        snprintf(text, 16, "%.0f", rate);
    } else if (rate < 1e6) {
        snprintf(text, 16, "%.1fk", rate / 1e3);
    } else {
        snprintf(text, 16, "%.2fM", rate / 1e6);
    }
}

static void print_duration(char text[32], double seconds) {
    uint64_t s = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : (uint64_t)1e9;
    if (s < 3600) {
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    } else {
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
    }
}

gd_progress_view gd_progress_begin(FILE *out, uint64_t samples, uint64_t total_steps) {
    double now = gd_seconds();
    gd_progress_view view = {out, out != NULL && can_redraw(out), samples, total_steps, now, now, now};
    return view;
}

static double epoch_rate(const gd_progress_view *view, const gradus_progress *progress, double now) {
    double seconds = now - view->epoch_begin;
    return seconds > 0.0 ? (double)progress->epoch_samples / seconds : 0.0;
}

/* "[====>    ]" of `length` characters in all. */
static void print_bar(char *text, size_t length, double share) {
    size_t inside = length - 2, done = (size_t)(share * (double)inside);
    text[0] = '[';
    for (size_t i = 0; i < inside; i++) text[1 + i] = i < done ? '=' : i == done ? '>' : ' ';
    text[length - 1] = ']';
    text[length] = 0;
}

static void draw(gd_progress_view *view, const gradus_progress *progress, double now) {
    char rate[16], left[32], head[64], tail[160], bar[LONGEST_BAR + 1] = "", line[LINE];
    double share = (double)progress->epoch_samples / (double)view->samples;
    gd_print_rate(rate, epoch_rate(view, progress, now));
    print_duration(left, (now - view->begin) / (double)progress->step * (double)(view->total_steps - progress->step));
    snprintf(head, sizeof head, "epoch %" PRIu64 "/%" PRIu64 " ", progress->epoch, progress->epochs);
    snprintf(tail, sizeof tail, " %3.0f%%  loss %.4f  %s samples/s  ETA %s", share * 100.0, progress->epoch_loss, rate, left);
    size_t columns = terminal_columns(view->out) - 1, text = strlen(head) + strlen(tail);
    size_t space = columns > text ? columns - text : 0;
    if (space >= SHORTEST_BAR) print_bar(bar, space < LONGEST_BAR ? space : LONGEST_BAR, share);
    snprintf(line, sizeof line, "%s%s%s", head, bar, tail);
    if (strlen(line) > columns) line[columns] = 0;
    fprintf(view->out, "\r%s\033[K", line);
    fflush(view->out);
}

void gd_progress_step(gd_progress_view *view, const gradus_progress *progress) {
    if (!view->live) return;
    double now = gd_seconds();
    if (now - view->drawn < 0.1) return;
    view->drawn = now;
    draw(view, progress, now);
}

void gd_progress_epoch(gd_progress_view *view, const gradus_progress *progress) {
    double now = gd_seconds();
    if (view->out != NULL) {
        char rate[16];
        gd_print_rate(rate, epoch_rate(view, progress, now));
        fprintf(view->out, "%sepoch %" PRIu64 "/%" PRIu64 "  loss %.4f  %s samples/s%s\n", view->live ? "\r" : "", progress->epoch, progress->epochs,
                progress->epoch_loss, rate, view->live ? "\033[K" : "");
        fflush(view->out);
    }
    view->epoch_begin = now;
}

void gd_progress_end(gd_progress_view *view) {
    if (!view->live) return;
    fprintf(view->out, "\r\033[K");
    fflush(view->out);
}
