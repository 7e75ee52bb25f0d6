/* How a training run shows that it is alive: a bar on a terminal, one line an epoch anywhere else. */
#ifndef GD_REPORT_PROGRESS_H
#define GD_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <gradus/train.h>

enum { GD_PROGRESS_METRICS = 6 };

/* "val_loss", "val_accuracy", ...: what is shown beside the training loss. */
typedef struct gd_progress_metric {
    const char *name;
    double value;
} gd_progress_metric;

typedef struct gd_progress_view {
    FILE *out; /* NULL: show nothing */
    bool live; /* a terminal that can redraw its line */
    uint64_t samples, total_steps;
    uint64_t first_step, first_sample; /* where this process took the run up */
    double begin, epoch_begin, drawn;
    size_t columns; /* the terminal's when the bar was drawn last */
    size_t metric_count;
    gd_progress_metric metrics[GD_PROGRESS_METRICS]; /* of the last epoch */
} gd_progress_view;

/* Seconds on a clock that never goes back. */
double gd_seconds(void);

/* samples: in an epoch; total_steps: of the whole run, 0 if nobody knows. */
gd_progress_view gd_progress_begin(FILE *out, uint64_t samples, uint64_t total_steps);

/* The run goes on after that many steps, that many samples into an epoch: they count neither for the speed nor for the time left. */
void gd_progress_resume(gd_progress_view *view, uint64_t step, uint64_t epoch_samples);

/* After a step: redraws the bar, at most ten times a second, in the width that the terminal has then. */
void gd_progress_step(gd_progress_view *view, const gradus_progress *progress);

/* After an epoch: its line stays. The bar shows the metrics (NULL with count 0: none) until the next one; at most GD_PROGRESS_METRICS, of names that
 * live as long. */
void gd_progress_epoch(gd_progress_view *view, const gradus_progress *progress, const gd_progress_metric *metrics, size_t count);

/* Takes away a half-drawn bar. */
void gd_progress_end(gd_progress_view *view);

/* "12.3k": three to four significant digits with a letter, for people. */
void gd_print_rate(char text[16], double rate);

#endif
