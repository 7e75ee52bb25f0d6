/* The report of a finished run: gathering what report.html shows. */
#ifndef GD_CLI_RUN_REPORT_H
#define GD_CLI_RUN_REPORT_H

#include "cli/run.h"
#include "report/report.h"

/* Before the sets are scored: makes room in run->shown, if there will be a report. No memory is for gd_run_report to say. */
void gd_run_report_prepare(gd_run *run);

/* Writes report.html and its plots into the run's folder, if it has one. Returns an exit code, the error said. */
int gd_run_report(const gd_run *run);

/* run_report_history.c: the columns of history.csv, which a run that went on has whole. Absent columns are NULL. */
typedef struct gd_history_columns {
    size_t epochs;
    double *values; /* [5][epochs] */
    double *loss, *accuracy, *learning_rate, *valid_loss, *valid_accuracy;
} gd_history_columns;

/* false: no memory, or the file cannot be read. */
bool gd_history_read(const char *path, gd_history_columns *columns);
void gd_history_free(gd_history_columns *columns);

/* run_report_samples.c: what is shown of the net's outputs for a set: the worst mistakes among pictures, numbers against true ones, the fitted line of a
 * net of one input. */
typedef struct gd_report_samples {
    const float *outputs; /* [samples][width] */
    size_t width;
    gd_report_mistake *mistakes;
    size_t mistake_count;
    gd_report_target *targets;
    size_t target_count;
    float *grid, *grid_outputs;
} gd_report_samples;

/* Whether there is anything to show of single samples, and not too much for a page. */
bool gd_report_samples_wanted(const gradus_net *net, const gradus_dataset *set);

/* outputs are the caller's, as long as samples is used. */
gradus_status gd_report_samples_make(gradus_context *context, const gradus_net *net, const gradus_dataset *set, const float *outputs,
                                     gd_report_samples *samples);
void gd_report_samples_free(gd_report_samples *samples);

#endif
