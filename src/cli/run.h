/* One run of `gradus train`: what its parts share. */
#ifndef GD_CLI_RUN_H
#define GD_CLI_RUN_H

#include <gradus/metrics.h>
#include <gradus/train.h>

#include "cli/out_folder.h"
#include "cli/run_checkpoint.h"
#include "cli/train_plan.h"
#include "report/progress.h"

/* What a report shows of the set that was trained on least, found in the pass that scores it. An array is NULL if the report does without. */
typedef struct gd_run_shown {
    const gradus_dataset *set; /* NULL: there will be no report */
    uint64_t *confusion;       /* [classes][classes] */
    float *outputs;            /* [samples][the net's outputs] */
} gd_run_shown;

typedef struct gd_run {
    gd_train_plan plan;
    gradus_net *net, *best; /* best: of the best epoch, if those weights are wanted; else NULL */
    gradus_optimizer *optimizer;
    gd_out_folder folder;
    gd_progress_view view;
    gradus_train_state state;
    gd_run_checkpoint checkpoint;
    gd_writer configuration, schema; /* texts: DIR/config; how data become inputs */
    double begin, epoch_begin, seconds;
    bool trained;  /* a step, this time: a run that had finished makes none */
    int save_code; /* why a callback ended the run: a checkpoint that could not be written, as an exit code */
    gradus_metrics train_scores, valid_scores, test_scores; /* of the final weights */
    gd_run_shown shown;
    double penalty; /* on the weights as they are */
    char digest[65];
} gd_run;

/* run_make.c: the net and its optimizer, as the plan says. Returns an exit code, the error said. */
int gd_run_make(gd_run *run);

/* run_folder.c: opens the run's folder, goes on from its last checkpoint if that is asked for; saves the model. */
int gd_run_open_folder(gd_run *run);
int gd_run_save_model(gd_run *run);

/* run_print.c: JSON events, and the result for people. */
void gd_run_print_epoch(const gradus_progress *progress, double penalty, double seconds);
double gd_run_samples_per_second(const gd_run *run);
void gd_run_print_done(const gd_run *run);
void gd_run_print_result(const gd_run *run);

#endif
