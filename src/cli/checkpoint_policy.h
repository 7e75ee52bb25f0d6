/* --checkpoint-every N{s,steps,epochs}: when a run saves itself. */
#ifndef GD_CLI_CHECKPOINT_POLICY_H
#define GD_CLI_CHECKPOINT_POLICY_H

#include <stdbool.h>

#include <gradus/train.h>

typedef enum gd_checkpoint_unit { GD_EVERY_SECONDS, GD_EVERY_STEPS, GD_EVERY_EPOCHS } gd_checkpoint_unit;

typedef struct gd_checkpoint_policy {
    gd_checkpoint_unit unit;
    uint64_t count; /* at least 1 */
} gd_checkpoint_policy;

/* What the option may be, for messages and help, and its default. */
#define GD_CHECKPOINT_POLICY_VALUES "Ns, Nsteps or Nepochs, N a whole number from 1 to 1000000000"
#define GD_CHECKPOINT_POLICY_DEFAULT "60s"

/* Reads "30s", "500steps", "1step", "2epochs", "1epoch"; false: it is something else. */
bool gd_checkpoint_policy_parse(const char *text, gd_checkpoint_policy *policy);

/* Whether a run that was last saved as `saved`, so many seconds ago, is to be saved as it is now. One that has ended is, unless it was saved so. */
bool gd_checkpoint_policy_due(const gd_checkpoint_policy *policy, const gradus_train_state *now, const gradus_train_state *saved, double seconds);

#endif
