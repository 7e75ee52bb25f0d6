/* How a training run shows that it is alive: a bar on a terminal, one line an epoch anywhere else. */
#ifndef GD_REPORT_PROGRESS_H
#define GD_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <gradus/train.h>

typedef struct gd_progress_view {
    FILE *out; /* NULL: show nothing */
    bool live; /* a terminal that can redraw its line */
    uint64_t samples, total_steps;
    double begin, epoch_begin, drawn;
} gd_progress_view;

/* Seconds on a clock that never goes back. */
double gd_seconds(void);

/* samples: in an epoch; total_steps: of the whole run. */
gd_progress_view gd_progress_begin(FILE *out, uint64_t samples, uint64_t total_steps);

/* After a step: redraws the bar, at most ten times a second. After an epoch: its line stays. */
void gd_progress_step(gd_progress_view *view, const gradus_progress *progress);
void gd_progress_epoch(gd_progress_view *view, const gradus_progress *progress);

/* Takes away a half-drawn bar. */
void gd_progress_end(gd_progress_view *view);

/* "12.3k": three to four significant digits with a letter, for people. */
void gd_print_rate(char text[16], double rate);

#endif
