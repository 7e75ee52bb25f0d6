/* The inside of a training run: what it needs while it runs, and what the end of an epoch decides. */
#ifndef GD_NN_TRAIN_H
#define GD_NN_TRAIN_H

#include <stdbool.h>

#include <gradus/train.h>

#include "nn/net.h"

typedef struct gd_run {
    gradus_context *context;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gradus_train_config config;
    gradus_schedule schedule;
    gradus_train_state state, *caller; /* caller: where it is shown; may be NULL */
    gd_samples all;                    /* the data set's */
    size_t batch_size;
    double learning_rate;        /* of the last step; NaN: none since the run went on */
    uint32_t *order;             /* of the epoch's samples */
    float *best;                 /* the best epoch's parameters, as the net's memory; NULL: not kept */
    bool owns_best, has_classes; /* has_classes: the targets say what class a sample is of */
} gd_run;

/* Reads and checks everything, and allocates what a run needs. Whatever it gives, gd_run_end is called after it. */
gradus_status gd_run_begin(gd_run *run, const gradus_dataset *data, const gradus_train_config *config);
void gd_run_end(gd_run *run);

/* All samples of a data set. */
gradus_batch gd_dataset_batch(const gradus_dataset *data);

size_t gd_run_steps_per_epoch(const gd_run *run);

/* Whether the steps of max_steps are done. */
bool gd_run_out_of_steps(const gd_run *run);

/* Where the step after `steps` steps is. */
gradus_schedule_place gd_run_place(const gd_run *run, uint64_t steps);

/* Takes the monitored value of the epoch that has just ended, number state->epochs counted from 0, into the state's best_* and epochs_waited. true: it
 * is the best so far, and its weights are to be kept. *stop: the patience has run out. docs/numerics.md, section 11. */
bool gd_early_stop(const gradus_train_config *config, gradus_train_state *state, double value, bool *stop);

/* The same for the plateau schedule `part`: the state's plateau_*. */
void gd_plateau_epoch(const gradus_train_config *config, const gradus_schedule_part *part, gradus_train_state *state, double value);

#endif
