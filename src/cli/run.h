/* One run of `gradus train`: what its parts share. */
#ifndef GD_CLI_RUN_H
#define GD_CLI_RUN_H

#include <gradus/train.h>

#include "cli/out_folder.h"
#include "cli/train_plan.h"
#include "report/progress.h"

typedef struct gd_run {
    gd_train_plan plan;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gd_out_folder folder;
    gd_progress_view view;
    gradus_train_state state;
    double epoch_begin, seconds;
    gradus_evaluation train_scores, valid_scores, test_scores; /* of the final weights */
    char digest[65];
} gd_run;

/* run_make.c: the net and its optimizer, as the plan says. Returns an exit code, the error said. */
int gd_run_make(gd_run *run);

/* run_print.c: JSON events, and the result for people. */
void gd_run_print_epoch(const gradus_progress *progress, double seconds);
void gd_run_print_done(const gd_run *run);
void gd_run_print_result(const gd_run *run);

#endif
