/* Mini-batch training of a net on a data set. */
#ifndef GRADUS_TRAIN_H
#define GRADUS_TRAIN_H

#include <gradus/dataset.h>
#include <gradus/net.h>

GRADUS_BEGIN_DECLS

/* Where a run stands. Doubles are in the units of their name; a loss is the mean over the samples seen. */
typedef struct gradus_progress {
    size_t struct_size;
    uint64_t epoch; /* 1 .. epochs: the one under way or, in on_epoch, just finished */
    uint64_t epochs;
    uint64_t step; /* steps completed in the whole run */
    uint64_t steps_per_epoch;
    uint64_t epoch_samples; /* samples of this epoch processed so far */
    double epoch_loss;      /* mean training loss of those, as it was when each batch was trained on */
} gradus_progress;

typedef struct gradus_train_config {
    size_t struct_size;
    size_t batch_size; /* samples a step; 0: the whole set; the last batch of an epoch may be smaller */
    uint64_t epochs;
    uint64_t max_steps; /* ends the run wherever it comes first; 0: no limit */
    uint64_t seed;      /* of the shuffling: every epoch visits every sample once, in a new order */
    void *user;
    /* Both are called on the calling thread and may be NULL; non-zero ends the run at once, cleanly (GRADUS_OK). on_step: after every step. on_epoch:
     * after every epoch, and after the last step of a run that max_steps ends inside one. They may read the net (evaluate, save), with the same
     * context too. */
    int (*on_step)(void *user, const gradus_progress *progress);
    int (*on_epoch)(void *user, const gradus_progress *progress);
} gradus_train_config;

GRADUS_API void gradus_train_config_init_sized(gradus_train_config *config, size_t struct_size);
static inline void gradus_train_config_init(gradus_train_config *config) { gradus_train_config_init_sized(config, sizeof *config); }

/* Trains net on data, whose classes are the targets (gradus/net.h says how, for any loss). Defaults of the config: batch_size 32, epochs 10, no
 * callbacks. The result depends on net, optimizer, data and config only: not on the ISA or thread count. *progress (may be NULL; set its struct_size)
 * tells where the run ended, after errors too. Errors: as gradus_net_step; NOT_FINITE names the step; the net is then as it was before that step. */
GRADUS_API gradus_status gradus_train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_dataset *data,
                                      const gradus_train_config *config, gradus_progress *progress);

GRADUS_END_DECLS

#endif
