/* The checkpoints of a run in its folder: going on from the last one, saving when it is due, the best weights as a model. */
#ifndef GD_CLI_RUN_CHECKPOINT_H
#define GD_CLI_RUN_CHECKPOINT_H

#include <limits.h>

#include <gradus/checkpoint.h>

#include "cli/checkpoint_policy.h"
#include "cli/means.h"

typedef struct gd_run_checkpoint {
    /* Set by the caller before gd_run_checkpoint_begin; they live as long as the run. */
    const gd_means *means;
    const gd_arguments *arguments;
    const char *folder;        /* locked by the caller; NULL: nothing below does anything */
    const char *configuration; /* the run's, as in DIR/config */
    const char *schema;        /* of the best model; may be NULL */
    gradus_net *net, *best;    /* best: NULL if no best weights are kept */
    gradus_optimizer *optimizer;
    gd_checkpoint_policy every;
    /* Afterwards. */
    double earlier_seconds;   /* that the run took before it was stopped */
    gradus_train_state saved; /* as the last file has it */
    double saved_at;
    uint64_t best_saved; /* the epoch whose weights DIR/best.safetensors has */
    char last[PATH_MAX], best_path[PATH_MAX];
} gd_run_checkpoint;

/* Begins a run's checkpoints. Without `resume`, what an earlier run left in the folder is removed. With it, the net, the optimizer, the best weights and
 * *state become those of the last checkpoint, the one before it where that one is damaged (said on stderr); *state stays as it is where there is none yet
 * (said, too). A run of another configuration is an error that names the key; `epochs` may grow. Returns an exit code, the error said. */
int gd_run_checkpoint_begin(gd_run_checkpoint *run, bool resume, gradus_train_state *state);

/* Between two steps, and after epochs: saves if it is due. Returns an exit code, the error said. */
int gd_run_checkpoint_step(gd_run_checkpoint *run, const gradus_train_state *state, double seconds);

/* Saves now: DIR/last.safetensors and, if there is a new best epoch, DIR/best.safetensors. `seconds`: that this part of the run has taken so far. */
int gd_run_checkpoint_save(gd_run_checkpoint *run, const gradus_train_state *state, double seconds);

#endif
