/* What `gradus train` is asked to do, checked: data, layers, loss, optimizer, schedule. */
#ifndef GD_CLI_TRAIN_PLAN_H
#define GD_CLI_TRAIN_PLAN_H

#include <gradus/dataset.h>
#include <gradus/initializer.h>
#include <gradus/optimizer.h>
#include <gradus/schedule.h>
#include <gradus/train.h>

#include "base/io.h"
#include "cli/checkpoint_policy.h"
#include "cli/means.h"

typedef struct gd_train_plan {
    const gd_arguments *arguments;
    gd_arguments effective; /* the same with every choice that the plan made spelled out */
    gd_means means;
    gradus_optimizer_config optimizer;
    gradus_schedule schedule;
    gradus_train_config config; /* all but the callbacks */
    gradus_initializer initializer;
    double *dropout;       /* [layer_count]; NULL: none */
    float *sample_weights; /* [samples to train on]; NULL: all the same */
    gradus_tensor weights; /* a view of them */
    gd_checkpoint_policy checkpoint_every;
    gradus_scaling scaling;
    gradus_loss loss;
    gradus_layer *layers;
    size_t layer_count;
    gradus_dataset *train, *valid, *test; /* valid, test: NULL if there is none */
    uint64_t steps;                       /* of the whole run, unless it is stopped */
    gd_writer texts[2];                   /* of `effective` */
} gd_train_plan;

/* Wrong usage is found before data is read, as far as it can be. Returns an exit code, the error said; gd_train_plan_end in any case. */
int gd_train_plan_make(const gd_arguments *arguments, gd_train_plan *plan);
void gd_train_plan_end(gd_train_plan *plan);

/* Spells the choices out, with the net that was made from them: gd_config_write(&plan->effective, ...) is then the whole run. false: out of memory. */
bool gd_train_plan_settle(gd_train_plan *plan, const gradus_net *net);

/* plan_data.c: opens the data and sets apart what is not trained on. */
int gd_plan_data(gd_train_plan *plan);

/* plan_weights.c: --class-weights. */
int gd_plan_weights(gd_train_plan *plan);

/* plan_layers.c: the layers that --layers names; the output layer that data and loss ask for. */
int gd_plan_read_layers(gd_train_plan *plan);
int gd_plan_complete_layers(gd_train_plan *plan);
int gd_plan_dropout(gd_train_plan *plan); /* of the hidden layers */

/* plan_stop.c: --early-stop. */
int gd_plan_early_stop(gd_train_plan *plan);

/* "--OPTION GIVEN: WRONG" and what to do, as wrong usage. */
int gd_plan_refuse(const gd_train_plan *plan, const char *option, const char *given, const char *wrong, const char *remedy);

#endif
