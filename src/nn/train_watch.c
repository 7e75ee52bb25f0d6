/* Watching a run from epoch to epoch: early stopping (keras.callbacks.EarlyStopping 3), the plateau schedule (torch's and Keras's
 * ReduceLROnPlateau). */
#include <math.h>

#include "nn/schedule.h"
#include "nn/train.h"

static bool higher_is_better(const gradus_train_config *config) { return config->monitor == GRADUS_MONITOR_ACCURACY; }

static double worst(const gradus_train_config *config) { return higher_is_better(config) ? -INFINITY : INFINITY; }

/* By more than `margin`; NaN never is. */
static bool better(const gradus_train_config *config, double value, double best, double margin) {
    return higher_is_better(config) ? value - margin > best : value + margin < best;
}

bool gd_early_stop(const gradus_train_config *config, gradus_train_state *state, double value, bool *stop) {
    *stop = false;
    if (state->epochs < config->start_epoch) return false;
    const bool first = state->best_epoch == 0, improved = better(config, value, first ? worst(config) : state->best_value, config->min_delta);
    state->epochs_waited = improved ? 0 : state->epochs_waited + 1;
    *stop = !improved && config->patience > 0 && state->epochs_waited >= config->patience && state->epochs > 0;
    if (!improved && !first) return false;
    /* The first epoch looked at is the best so far even if its value is NaN; then any number is better. */
    state->best_value = improved ? value : worst(config);
    state->best_epoch = state->epochs + 1;
    return true;
}

static double parameter(const gradus_schedule_part *part, int32_t key) { return part->parameters[key]; }

/* The learning rate, come down a step; false: it is down. */
static bool reduce(const gradus_schedule_part *part, double base, gradus_train_state *state, double least_change) {
    const double before = state->plateau_learning_rate > 0.0 ? state->plateau_learning_rate : base;
    double after = before * parameter(part, GD_KEY_FACTOR);
    if (after < parameter(part, GD_KEY_MIN_LR)) after = parameter(part, GD_KEY_MIN_LR);
    if (!(before - after > least_change)) return false;
    state->plateau_learning_rate = after;
    return true;
}

static bool torch_better(const gradus_train_config *config, const gradus_schedule_part *part, double value, double best) {
    const double threshold = parameter(part, GD_KEY_THRESHOLD);
    if (parameter(part, GD_KEY_THRESHOLD_MODE) == 0.0)
        return higher_is_better(config) ? value > best * (threshold + 1.0) : value < best * (1.0 - threshold);
    return higher_is_better(config) ? value > best + threshold : value < best - threshold;
}

static void torch_epoch(const gradus_train_config *config, const gradus_schedule_part *part, gradus_train_state *state, double value) {
    const bool improved = torch_better(config, part, value, state->plateau_best);
    if (improved) state->plateau_best = value;
    state->plateau_waited = improved ? 0 : state->plateau_waited + 1;
    if (state->plateau_cooldown > 0) {
        state->plateau_cooldown--;
        state->plateau_waited = 0;
    }
    if ((double)state->plateau_waited <= parameter(part, GD_KEY_PATIENCE)) return;
    (void)reduce(part, config->learning_rate, state, parameter(part, GD_KEY_EPS));
    state->plateau_cooldown = (uint64_t)parameter(part, GD_KEY_COOLDOWN);
    state->plateau_waited = 0;
}

static void keras_epoch(const gradus_train_config *config, const gradus_schedule_part *part, gradus_train_state *state, double value) {
    if (state->plateau_cooldown > 0) {
        state->plateau_cooldown--;
        state->plateau_waited = 0;
    }
    if (better(config, value, state->plateau_best, parameter(part, GD_KEY_MIN_DELTA))) {
        state->plateau_best = value;
        state->plateau_waited = 0;
        return;
    }
    if (state->plateau_cooldown > 0) return;
    state->plateau_waited++;
    if ((double)state->plateau_waited < parameter(part, GD_KEY_PATIENCE) || !reduce(part, config->learning_rate, state, 0.0)) return;
    state->plateau_cooldown = (uint64_t)parameter(part, GD_KEY_COOLDOWN);
    state->plateau_waited = 0;
}

void gd_plateau_epoch(const gradus_train_config *config, const gradus_schedule_part *part, gradus_train_state *state, double value) {
    if (state->plateau_begun++ == 0) state->plateau_best = worst(config);
    if (gd_schedule_rule_of(part)->rate == gd_schedule_plateau_keras)
        keras_epoch(config, part, state, value);
    else
        torch_epoch(config, part, state, value);
}
