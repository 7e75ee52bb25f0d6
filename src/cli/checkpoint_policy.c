/* Reading and following --checkpoint-every. */
#include "cli/checkpoint_policy.h"

#include <string.h>

bool gd_checkpoint_policy_parse(const char *text, gd_checkpoint_policy *policy) {
    static const struct {
        const char *name;
        gd_checkpoint_unit unit;
    } units[] = {
        {"s", GD_EVERY_SECONDS}, {"step", GD_EVERY_STEPS}, {"steps", GD_EVERY_STEPS}, {"epoch", GD_EVERY_EPOCHS}, {"epochs", GD_EVERY_EPOCHS}};
    const uint64_t most = 1000000000;
    uint64_t count = 0;
    for (; *text >= '0' && *text <= '9' && count <= most; text++) count = count * 10 + (uint64_t)(*text - '0');
    if (count == 0 || count > most) return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) != 0) continue;
        *policy = (gd_checkpoint_policy){units[i].unit, count};
        return true;
    }
    return false;
}

bool gd_checkpoint_policy_due(const gd_checkpoint_policy *policy, const gradus_train_state *now, const gradus_train_state *saved, double seconds) {
    if (now->end != GRADUS_TRAIN_END_UNSET && now->end != saved->end) return true;
    switch (policy->unit) {
    case GD_EVERY_STEPS:
        return now->steps - saved->steps >= policy->count;
    case GD_EVERY_EPOCHS:
        return now->epochs - saved->epochs >= policy->count;
    default:
        return seconds >= (double)policy->count;
    }
}
