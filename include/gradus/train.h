/* Mini-batch training of a net on a data set: runs that may be cut between any two steps and go on as if they had not been. */
#ifndef GRADUS_TRAIN_H
#define GRADUS_TRAIN_H

#include <gradus/dataset.h>
#include <gradus/net.h>
#include <gradus/schedule.h>

GRADUS_BEGIN_DECLS

/* Why a run ended: number, NAME, name. EPOCHS, MAX_STEPS: the config's limits. STOP_LOSS: the loss asked for is reached. EARLY_STOP: no improvement for
 * `patience` epochs. CALLBACK: a callback asked. Append-only. */
#define GRADUS_TRAIN_END_MAP(XX) \
    XX(1, EPOCHS, epochs) \
    XX(2, MAX_STEPS, max_steps) \
    XX(3, STOP_LOSS, stop_loss) \
    XX(4, EARLY_STOP, early_stop) \
    XX(5, CALLBACK, callback)

typedef int32_t gradus_train_end;
#define GRADUS_TRAIN_END_ENUM(number, NAME, name) GRADUS_TRAIN_END_##NAME = (number),
enum { GRADUS_TRAIN_END_MAP(GRADUS_TRAIN_END_ENUM) GRADUS_TRAIN_END_UNSET = 0 };
#undef GRADUS_TRAIN_END_ENUM

/* Where a run stands between two steps: all that it needs, besides net and optimizer, to go on. Plain numbers, so that a file can hold them by name.
 * All zero: a run that has not begun. */
typedef struct gradus_train_state {
    size_t struct_size;
    uint64_t epochs;              /* completed, with all that follows an epoch's last step: validation, early stopping, the plateau schedule */
    uint64_t steps;               /* completed in the whole run */
    uint64_t epoch_samples;       /* of the epoch under way, trained on; all there are: its last step is done, what follows it is not */
    uint64_t epoch_right;         /* those of them that were classified right when they were trained on, where there are classes */
    double epoch_loss_sum;        /* the undivided sum of their losses, as they were when each batch was trained on ... */
    double epoch_loss_divisor;    /* ... and what makes it a mean */
    uint64_t best_epoch;          /* the one of the best monitored value, counted from 1; 0: none so far */
    double best_value;            /* that value */
    uint64_t epochs_waited;       /* epochs in a row that have not improved on it */
    uint64_t plateau_begun;       /* epochs that the plateau schedule has seen */
    uint64_t plateau_waited;      /* epochs in a row that have not improved on plateau_best */
    uint64_t plateau_cooldown;    /* epochs of cool-down left */
    double plateau_best;          /* the best value that the plateau schedule has seen */
    double plateau_learning_rate; /* what it has come down to; 0: where it began */
    gradus_train_end end;         /* why the run ended; UNSET: it has not */
    int32_t reserved;             /* 0 */
} gradus_train_state;

GRADUS_API void gradus_train_state_init_sized(gradus_train_state *state, size_t struct_size);
static inline void gradus_train_state_init(gradus_train_state *state) { gradus_train_state_init_sized(state, sizeof *state); }

/* What callbacks are told. Doubles are in the units of their name; a loss is the mean over the samples seen. */
typedef struct gradus_progress {
    size_t struct_size;
    uint64_t epoch; /* 1 .. epochs: the one under way or, in on_epoch, just finished */
    uint64_t epochs;
    uint64_t step; /* steps completed in the whole run */
    uint64_t steps_per_epoch;
    uint64_t epoch_samples;          /* samples of this epoch processed so far */
    double epoch_loss;               /* mean training loss of those, as it was when each batch was trained on */
    double learning_rate;            /* of the last step */
    const gradus_evaluation *valid;  /* in on_epoch, of a run with a validation set: over that; else NULL. Valid during the callback, as is */
    const gradus_train_state *state; /* where the run stands: what a file would hold, to go on from here */
    double epoch_accuracy;           /* share of this epoch's samples that were classified right when trained on; NaN: there are no classes */
} gradus_progress;

/* What says whether an epoch was better than those before: the loss over the validation set (without one, the epoch's training loss), or the
 * accuracy over the validation set: number, NAME, name. Append-only. */
#define GRADUS_MONITOR_MAP(XX) \
    XX(1, LOSS, loss) \
    XX(2, ACCURACY, accuracy)

typedef int32_t gradus_monitor;
#define GRADUS_MONITOR_ENUM(number, NAME, name) GRADUS_MONITOR_##NAME = (number),
enum { GRADUS_MONITOR_MAP(GRADUS_MONITOR_ENUM) GRADUS_MONITOR_UNSET = 0 };
#undef GRADUS_MONITOR_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Static strings. Thread-safe. */
GRADUS_API gradus_monitor gradus_monitor_from_name(const char *name);
GRADUS_API const char *gradus_monitor_name(gradus_monitor monitor);
GRADUS_API const char *gradus_train_end_name(gradus_train_end end);

/* How to train. gradus_train_config_init sets the defaults: batches of 32, 10 epochs, and none of the rest. */
typedef struct gradus_train_config {
    size_t struct_size;
    size_t batch_size; /* samples a batch; 0: the whole set; the last batch of an epoch may be smaller */
    uint64_t epochs;
    uint64_t max_steps; /* ends the run wherever it comes first; 0: no limit */
    uint64_t seed;      /* of the shuffling: every epoch visits every sample once, in a new order */
    void *user;
    /* Both are called on the calling thread and may be NULL; non-zero ends the run at once, cleanly (GRADUS_OK). on_step: after every step. on_epoch:
     * after every epoch, and after the last step of a run that max_steps ends inside one. They may read the net (evaluate, save), with the same
     * context too. */
    int (*on_step)(void *user, const gradus_progress *progress);
    int (*on_epoch)(void *user, const gradus_progress *progress);
    size_t accumulate;               /* batches that make one step, as one batch of so many times the samples; 0 is 1 */
    const gradus_dataset *valid;     /* evaluated after every epoch; NULL: none */
    const gradus_schedule *schedule; /* sets every group's learning rate before each step; NULL: it stays as it is in the optimizer */
    double learning_rate;            /* the schedule's base: needed with one, not used without (NaN) */
    double stop_loss;                /* ends the run after an epoch whose mean training loss is at most this (a full batch is an epoch); 0: never */
    /* Early stopping as keras.callbacks.EarlyStopping 3. An epoch improves if its value is better than the best so far by more than min_delta. The
     * run ends after `patience` epochs in a row that do not (0: never), the first start_epoch epochs not looked at. The best epoch is kept track of in
     * any case. */
    uint64_t patience, start_epoch;
    double min_delta;
    gradus_monitor monitor; /* the plateau schedule's, too; LOSS by default */
    /* Not 0: when the run has ended, but not by a callback, and after the last callback, the net gets the weights of the best epoch. */
    int32_t restore_best;
    /* Where the best epoch's weights are kept: another net of the same shape, written whenever an epoch improves, so that on_epoch may save it. To go
     * on from a state with a best epoch, with restore_best, give the one it had. NULL: the library's own copy, if restore_best needs one. */
    gradus_net *best;
    /* How much each of the data's samples counts while it is trained on, as in gradus_batch, a vector in the data's order; NULL: all the same. What is
     * evaluated is not weighted. */
    const gradus_tensor *weights;
} gradus_train_config;

GRADUS_API void gradus_train_config_init_sized(gradus_train_config *config, size_t struct_size);
static inline void gradus_train_config_init(gradus_train_config *config) { gradus_train_config_init_sized(config, sizeof *config); }

/* Trains net on data, whose targets are the loss's (gradus/net.h says how); config may be NULL: the defaults. The result depends on net, optimizer,
 * data, config and *state only: not on the ISA or thread count.
 * *state (may be NULL: from the start) says where to go on: all zero, from the start; as an earlier run left it or as its callbacks saw it, with the
 * net and optimizer of that moment, from there, to the same bits as if the run had never stopped. It tells where the run stands, updated after every
 * step and every epoch before the callbacks are called, and after errors too. What a finished run has reached stays reached (STOP_LOSS, EARLY_STOP);
 * where a limit ended it (EPOCHS, MAX_STEPS), it goes on if the limit has been raised, before restore_best changed the net: save in on_epoch.
 * Errors: as gradus_net_step, gradus_net_evaluate and gradus_optimizer_set (a schedule's learning rate out of range); INVALID_ARGUMENT (a config out
 * of range, a state that no run of this data and config can have left); NOT_FINITE names the step; the net is then as it was before that step. */
GRADUS_API gradus_status gradus_train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_dataset *data,
                                      const gradus_train_config *config, gradus_train_state *state);

GRADUS_END_DECLS

#endif
