/* --early-stop patience=N,...: when to give up waiting for a better epoch. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/pairs.h"
#include "cli/train_plan.h"

static bool read_whole(const gd_pair *pair, uint64_t *value) {
    double number;
    if (!gd_parse_double(pair->value, pair->value_length, &number) || number < 0.0 || number > 1e9 || number != (double)(uint64_t)number)
        return false;
    *value = (uint64_t)number;
    return true;
}

static bool read_monitor(const gd_pair *pair, gradus_monitor *monitor) {
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)pair->value_length, pair->value);
    *monitor = gradus_monitor_from_name(name);
    return *monitor != GRADUS_MONITOR_UNSET;
}

/* One key into the config; what it may be where that fails. */
static const char *read_pair(const gd_pair *pair, gradus_train_config *config) {
    bool yes = pair->value != NULL && gd_text_is("yes", pair->value, pair->value_length);
    if (pair->value == NULL) return "expected key=value";
    if (gd_text_is("patience", pair->text, pair->key_length))
        return read_whole(pair, &config->patience) && config->patience > 0 ? NULL : "patience is a number of epochs, at least 1";
    if (gd_text_is("start_epoch", pair->text, pair->key_length))
        return read_whole(pair, &config->start_epoch) ? NULL : "start_epoch is a number of epochs";
    if (gd_text_is("monitor", pair->text, pair->key_length)) return read_monitor(pair, &config->monitor) ? NULL : "monitor is loss or accuracy";
    if (gd_text_is("min_delta", pair->text, pair->key_length))
        return gd_parse_double(pair->value, pair->value_length, &config->min_delta) && config->min_delta >= 0.0
                   ? NULL
                   : "min_delta is a number of at least 0";
    if (!gd_text_is("restore_best", pair->text, pair->key_length)) return "keys are patience, min_delta, start_epoch, monitor and restore_best";
    config->restore_best = yes;
    return yes || gd_text_is("no", pair->value, pair->value_length) ? NULL : "restore_best is yes or no";
}

int gd_plan_early_stop(gd_train_plan *plan) {
    const char *text = plan->arguments->early_stop, *wrong = NULL;
    char pairs[300];
    const char *rest = pairs;
    gradus_train_config *config = &plan->config;
    gd_pair pair;
    if (text == NULL) return GD_EXIT_DONE;
    config->restore_best = 1;
    snprintf(pairs, sizeof pairs, ":%s", text);
    while (wrong == NULL && gd_next_pair(&rest, &pair)) wrong = read_pair(&pair, config);
    if (wrong == NULL && config->patience == 0) wrong = "patience is missing";
    if (wrong == NULL && config->monitor == GRADUS_MONITOR_ACCURACY && plan->arguments->valid == NULL) wrong = "monitor=accuracy needs --valid";
    return wrong == NULL ? GD_EXIT_DONE : gd_plan_refuse(plan, "early-stop", text, wrong, "for example --early-stop patience=10,min_delta=0.001");
}
