/* Early stopping and the plateau schedule on random sequences of values, against Keras's and torch's procedures written anew. */
#include <math.h>
#include <stdio.h>

#include "nn/schedule.h"
#include "nn/train.h"
#include "nets.h"

enum { EPOCHS = 60 };

/* Few different values, so that ties and near misses happen; now and then NaN. */
static double some_value(uint64_t *random) {
    const uint64_t r = test_random(random);
    return r % 31 == 0 ? NAN : (double)(r % 16) / 16.0 + 0.25;
}

/* -- keras.callbacks.EarlyStopping -- */

typedef struct keras_stopper {
    double best;
    uint64_t wait, best_epoch; /* from 0 */
    bool has_weights, stopped;
} keras_stopper;

static bool keras_improves(bool high, double value, double min_delta, double reference) {
    return high ? value - min_delta > reference : value + min_delta < reference;
}

/* true: the weights are kept. */
static bool keras_on_epoch_end(keras_stopper *k, const gradus_train_config *c, uint64_t epoch, double value, bool high) {
    bool kept = false;
    if (epoch < c->start_epoch) return false;
    if (!k->has_weights) k->has_weights = kept = true, k->best_epoch = epoch;
    k->wait++;
    if (keras_improves(high, value, c->min_delta, k->best)) {
        k->best = value;
        k->best_epoch = epoch;
        k->wait = 0;
        return true;
    }
    if (c->patience > 0 && k->wait >= c->patience && epoch > 0) k->stopped = true;
    return kept;
}

Test(train_watch, early_stopping) {
    uint64_t random = 1;
    size_t stopped = 0;
    for (int run = 0; run < 400; run++) {
        gradus_train_config c;
        gradus_train_state state;
        gradus_train_config_init(&c);
        gradus_train_state_init(&state);
        const bool high = run % 2;
        if (high) c.monitor = GRADUS_MONITOR_ACCURACY;
        c.patience = (uint64_t)(run / 2 % 6);
        c.start_epoch = (uint64_t)(run / 12 % 3) * 2;
        c.min_delta = run / 36 % 2 ? 1.0 / 16 : 0.0;
        keras_stopper k = {.best = high ? -INFINITY : INFINITY};
        for (; state.epochs < EPOCHS && !k.stopped; state.epochs++) {
            const double value = some_value(&random);
            bool stop;
            const bool wanted = keras_on_epoch_end(&k, &c, state.epochs, value, high), found = gd_early_stop(&c, &state, value, &stop);
            cr_assert_eq(found, wanted, "run %d, epoch %zu", run, (size_t)state.epochs);
            cr_assert_eq(stop, k.stopped, "run %d, epoch %zu", run, (size_t)state.epochs);
            cr_assert_eq(state.epochs_waited, k.wait);
            cr_assert_eq(state.best_epoch, k.has_weights ? k.best_epoch + 1 : 0);
            if (k.has_weights) cr_assert_eq(state.best_value, k.best);
        }
        stopped += k.stopped;
    }
    cr_assert_gt(stopped, 100);
}

/* -- ReduceLROnPlateau -- */

typedef struct plateau {
    double best, rate;
    uint64_t bad, cooldown;
} plateau;

typedef struct plateau_options {
    double factor, threshold, min_lr, eps;
    uint64_t patience, cooldown;
    bool absolute, high;
} plateau_options;

static void torch_step(plateau *p, const plateau_options *o, double a) {
    const double rel = o->high ? p->best * (o->threshold + 1.0) : p->best * (1.0 - o->threshold);
    const double limit = !o->absolute ? rel : o->high ? p->best + o->threshold : p->best - o->threshold;
    if (o->high ? a > limit : a < limit) {
        p->best = a;
        p->bad = 0;
    } else {
        p->bad++;
    }
    if (p->cooldown > 0) p->cooldown--, p->bad = 0;
    if (p->bad > o->patience) {
        const double after = fmax(p->rate * o->factor, o->min_lr);
        if (p->rate - after > o->eps) p->rate = after;
        p->cooldown = o->cooldown;
        p->bad = 0;
    }
}

static void keras_step(plateau *p, const plateau_options *o, double a) {
    if (p->cooldown > 0) p->cooldown--, p->bad = 0;
    if (keras_improves(o->high, a, o->threshold, p->best)) {
        p->best = a;
        p->bad = 0;
    } else if (p->cooldown == 0) {
        p->bad++;
        if (p->bad >= o->patience && p->rate > o->min_lr) {
            p->rate = fmax(p->rate * o->factor, o->min_lr);
            p->cooldown = o->cooldown;
            p->bad = 0;
        }
    }
}

Test(train_watch, plateaus) {
    gradus_context *context = context_of(1);
    uint64_t random = 2;
    for (int run = 0; run < 600; run++) {
        char text[200];
        gradus_schedule schedule;
        gradus_train_config c;
        gradus_train_state state;
        const bool keras = run % 2;
        const plateau_options o = {.factor = run / 2 % 2 ? 0.5 : 0.1,
                                   .threshold = run / 4 % 2 ? 1.0 / 16 : 1e-4,
                                   .min_lr = run / 8 % 2 ? 0.03 : 0.0,
                                   .eps = run / 16 % 2 ? 0.01 : 1e-8,
                                   .patience = (uint64_t)(run / 32 % 4),
                                   .cooldown = (uint64_t)(run / 128 % 3),
                                   .absolute = run / 64 % 2,
                                   .high = run / 3 % 2};
        int n =
            snprintf(text, sizeof text, "plateau:factor=%g,min_lr=%g,patience=%d,cooldown=%d,", o.factor, o.min_lr, (int)o.patience, (int)o.cooldown);
        if (keras)
            snprintf(text + n, sizeof text - (size_t)n, "variant=keras,min_delta=%g", o.threshold);
        else
            snprintf(text + n, sizeof text - (size_t)n, "threshold=%g,eps=%g,threshold_mode=%s", o.threshold, o.eps, o.absolute ? "abs" : "rel");
        gradus_schedule_init(&schedule);
        cr_assert_eq(gradus_schedule_parse(context, text, &schedule), GRADUS_OK, "%s", gradus_context_message(context));
        gradus_train_config_init(&c);
        gradus_train_state_init(&state);
        c.learning_rate = 0.8;
        if (o.high) c.monitor = GRADUS_MONITOR_ACCURACY;
        plateau p = {o.high ? -INFINITY : INFINITY, c.learning_rate, 0, 0};
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            const double value = some_value(&random);
            if (keras)
                keras_step(&p, &o, value);
            else
                torch_step(&p, &o, value);
            gd_plateau_epoch(&c, &schedule.part[0], &state, value);
            cr_assert_eq(state.plateau_learning_rate > 0.0 ? state.plateau_learning_rate : 0.8, p.rate, "%s, epoch %d", text, epoch);
            cr_assert(state.plateau_waited == p.bad && state.plateau_cooldown == p.cooldown && state.plateau_best == p.best, "%s, epoch %d", text,
                      epoch);
        }
        cr_assert_eq(state.plateau_begun, EPOCHS);
        cr_assert_lt(state.plateau_learning_rate, 0.8);
    }
    gradus_context_destroy(context);
}
