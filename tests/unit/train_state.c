/* gradus_train_state: a run cut after any step, and put together again, is the run that was never cut; what ends runs; the best weights. */
#include <stdio.h>

#include "counting.h"
#include "stage.h"

/* -- what a run looks like from outside -- */

typedef struct epoch_note {
    uint64_t epoch, step;
    double loss, accuracy, learning_rate, valid_loss;
} epoch_note;

typedef struct history {
    epoch_note epochs[40];
    size_t count;
    uint64_t steps, cut_after; /* steps seen; stop after every so many (0: never) */
    bool cut_epochs;           /* stop after every epoch, too */
    double rates[400];         /* of each step */
} history;

static int note_step(void *user, const gradus_progress *progress) {
    history *h = user;
    cr_assert_eq(progress->step, h->steps + 1);
    cr_assert_eq(progress->state->steps, progress->step);
    h->rates[h->steps++] = progress->learning_rate;
    return h->cut_after && h->steps % h->cut_after == 0;
}

static int note_epoch(void *user, const gradus_progress *progress) {
    history *h = user;
    h->epochs[h->count++] = (epoch_note){progress->epoch,          progress->step,          progress->epoch_loss,
                                         progress->epoch_accuracy, progress->learning_rate, progress->valid ? progress->valid->loss : 0.0};
    return h->cut_epochs;
}

typedef struct kind {
    size_t batch_size, accumulate;
    uint64_t epochs, max_steps, patience;
    bool valid, restore_best;
    gradus_monitor monitor;
    double stop_loss;
    const char *schedule, *optimizer;
} kind;

typedef struct result {
    gradus_train_state state;
    history history;
    char digest[DIGEST], best[DIGEST];
} result;

static gradus_schedule schedule_of(gradus_context *context, const char *text) {
    gradus_schedule schedule;
    gradus_schedule_init(&schedule);
    cr_assert_eq(gradus_schedule_parse(context, text, &schedule), GRADUS_OK, "%s", gradus_context_message(context));
    return schedule;
}

/* The whole run, in as many pieces as the cuts make. Between pieces the optimizer's learning rate is spoilt: it must not be read back. */
static void run_kind(const kind *k, uint64_t cut_after, bool cut_epochs, result *out) {
    stage s = stage_make(k->optimizer);
    const net_shape shape = train_shape();
    gradus_dataset *valid = k->valid ? make_dataset(s.context, 5) : NULL;
    gradus_schedule schedule = schedule_of(s.context, k->schedule ? k->schedule : "constant");
    memset(out, 0, sizeof *out);
    out->history.cut_after = cut_after;
    out->history.cut_epochs = cut_epochs;
    s.config.batch_size = k->batch_size;
    s.config.accumulate = k->accumulate;
    s.config.epochs = k->epochs;
    s.config.max_steps = k->max_steps;
    s.config.patience = k->patience;
    s.config.valid = valid;
    s.config.restore_best = k->restore_best;
    if (k->monitor) s.config.monitor = k->monitor;
    s.config.stop_loss = k->stop_loss;
    s.config.schedule = k->schedule ? &schedule : NULL;
    s.config.learning_rate = 0.05;
    s.config.best = make_net(s.context, &shape, 9);
    s.config.user = &out->history;
    s.config.on_step = note_step;
    s.config.on_epoch = note_epoch;
    do {
        if (k->schedule) cr_assert_eq(gradus_optimizer_set(s.context, s.optimizer, 0, GRADUS_LEARNING_RATE, 77.0), GRADUS_OK);
        cr_assert_eq(stage_train(&s), GRADUS_OK, "%s", gradus_context_message(s.context));
    } while (s.state.end == GRADUS_TRAIN_END_CALLBACK);
    out->state = s.state;
    digest_of(s.context, s.net, out->digest);
    digest_of(s.context, s.config.best, out->best);
    gradus_net_destroy(s.context, s.config.best);
    if (valid) gradus_dataset_destroy(s.context, valid);
    stage_free(&s);
}

static void check_same(const result *whole, const result *pieces, size_t index, uint64_t cut) {
    cr_assert_str_eq(pieces->digest, whole->digest, "kind %zu, cut after %zu", index, (size_t)cut);
    cr_assert_str_eq(pieces->best, whole->best, "kind %zu, cut after %zu", index, (size_t)cut);
    cr_assert(memcmp(&pieces->state, &whole->state, sizeof whole->state) == 0, "kind %zu, cut after %zu", index, (size_t)cut);
    cr_assert_eq(pieces->history.count, whole->history.count);
    cr_assert(memcmp(pieces->history.epochs, whole->history.epochs, sizeof whole->history.epochs) == 0);
    cr_assert(memcmp(pieces->history.rates, whole->history.rates, sizeof whole->history.rates) == 0);
}

/* 150 samples: batches of 32 leave a shorter last one, of 50 and 30 do not. */
static const kind kinds[] = {
    {32, 0, 5, 0, 0, false, false, 0, 0.0, NULL, "adam:lr=0.02"},
    {50, 0, 5, 0, 0, true, false, 0, 0.0, "warmup:steps=4+cosine:per=step", "momentum:lr=0.05"},
    {16, 2, 5, 0, 0, true, true, 0, 0.0, "one_cycle", "adam"},
    {30, 0, 40, 0, 2, true, true, 0, 0.0, "warmup:epochs=1+plateau:factor=0.5,patience=0,threshold=0.2", "adam"},
    {32, 0, 12, 0, 2, true, true, GRADUS_MONITOR_ACCURACY, 0.0, "plateau:variant=keras,factor=0.5,patience=1,cooldown=1", "adam"},
    {0, 0, 9, 0, 0, false, false, 0, 0.0, "exponential:gamma=0.9", "sgd"},
    {1, 0, 2, 220, 0, false, true, 0, 0.0, "step:step_size=1,gamma=0.5", "sgd"},
    {32, 0, 30, 0, 0, true, true, 0, 0.3, "1/t:decay=0.1", "adam"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

Test(train_state, cut_after_any_step) {
    for (size_t i = 0; i < KINDS; i++) {
        static const uint64_t cuts[] = {1, 2, 3, 4, 5, 7};
        result whole, pieces;
        run_kind(&kinds[i], 0, false, &whole);
        for (size_t c = 0; c < 6; c++) {
            run_kind(&kinds[i], cuts[c], c % 2, &pieces);
            check_same(&whole, &pieces, i, cuts[c]);
        }
        run_kind(&kinds[i], 0, true, &pieces);
        check_same(&whole, &pieces, i, 0);
    }
}

Test(train_state, what_ended_it) {
    static const gradus_train_end ends[KINDS] = {GRADUS_TRAIN_END_EPOCHS,     GRADUS_TRAIN_END_EPOCHS,   GRADUS_TRAIN_END_EPOCHS,
                                                 GRADUS_TRAIN_END_EARLY_STOP, GRADUS_TRAIN_END_UNSET,    GRADUS_TRAIN_END_EPOCHS,
                                                 GRADUS_TRAIN_END_MAX_STEPS,  GRADUS_TRAIN_END_STOP_LOSS};
    for (size_t i = 0; i < KINDS; i++) {
        result r;
        run_kind(&kinds[i], 0, false, &r);
        cr_assert_eq(r.history.count, r.state.epochs + (kinds[i].max_steps != 0));
        if (ends[i])
            cr_assert_eq(r.state.end, ends[i], "kind %zu: %s after %zu epochs", i, gradus_train_end_name(r.state.end), (size_t)r.state.epochs);
        if (kinds[i].restore_best) cr_assert_str_eq(r.digest, r.best);
        if (ends[i] == GRADUS_TRAIN_END_STOP_LOSS)
            for (size_t e = 0; e < r.history.count; e++) cr_assert_eq(r.history.epochs[e].loss <= 0.3, e + 1 == r.history.count);
    }
}

/* The best epoch by the history, as Keras's EarlyStopping finds it: patience 2, min_delta 0. */
Test(train_state, early_stopping_by_the_history) {
    result r;
    run_kind(&kinds[3], 0, false, &r);
    size_t best = 0;
    for (size_t e = 1; e < r.history.count; e++)
        if (r.history.epochs[e].valid_loss < r.history.epochs[best].valid_loss) best = e;
    cr_assert_eq(r.state.best_epoch, best + 1);
    cr_assert_eq(r.state.best_value, r.history.epochs[best].valid_loss);
    cr_assert_eq(r.history.count, best + 1 + 2);
    cr_assert_eq(r.state.epochs_waited, 2);
}

/* Accumulation is one batch of so many times the samples, to the bit. */
Test(train_state, accumulation_is_a_larger_batch) {
    kind one = {48, 0, 3, 0, 0, false, false, 0, 0.0, NULL, "adam"}, three = {16, 3, 3, 0, 0, false, false, 0, 0.0, NULL, "adam"};
    kind whole = {0, 7, 3, 0, 0, false, false, 0, 0.0, NULL, "adam"}, full = {150, 0, 3, 0, 0, false, false, 0, 0.0, NULL, "adam"};
    result a, b;
    run_kind(&one, 0, false, &a);
    run_kind(&three, 0, false, &b);
    check_same(&a, &b, 0, 0);
    run_kind(&whole, 0, false, &a);
    run_kind(&full, 0, false, &b);
    check_same(&a, &b, 1, 0);
    cr_assert_eq(a.state.steps, 3);
}

/* The rates that the callbacks are told are the schedule's. */
Test(train_state, learning_rates) {
    result r;
    gradus_context *context = context_of(1);
    gradus_schedule schedule = schedule_of(context, kinds[1].schedule);
    gradus_schedule_place place;
    run_kind(&kinds[1], 0, false, &r);
    gradus_schedule_place_init(&place);
    place.steps_per_epoch = 3;
    place.total_steps = 15;
    place.learning_rate = 0.05;
    for (place.step = 0; place.step < 15; place.step++) {
        double rate, momentum;
        cr_assert_eq(gradus_schedule_at(context, &schedule, &place, &rate, &momentum), GRADUS_OK);
        cr_assert_eq(r.history.rates[place.step], rate);
    }
    cr_assert_eq(r.history.rates[0], 0.0);
    cr_assert_eq(r.history.rates[4], 0.05);
    gradus_context_destroy(context);
}

/* A limit that is raised: the run goes on as if the higher one had been there from the start. What was reached stays. */
Test(train_state, limits_may_grow) {
    stage s = stage_make("adam:lr=0.02"), whole = stage_make("adam:lr=0.02");
    char found[DIGEST], wanted[DIGEST];
    whole.config.epochs = 4;
    cr_assert_eq(stage_train(&whole), GRADUS_OK);
    digest_of(whole.context, whole.net, wanted);
    static const struct {
        uint64_t epochs, max_steps, steps;
        gradus_train_end end;
    } limits[] = {{4, 3, 3, GRADUS_TRAIN_END_MAX_STEPS}, {4, 3, 3, GRADUS_TRAIN_END_MAX_STEPS},   {2, 0, 10, GRADUS_TRAIN_END_EPOCHS},
                  {1, 0, 10, GRADUS_TRAIN_END_EPOCHS},   {4, 15, 15, GRADUS_TRAIN_END_MAX_STEPS}, {4, 0, 20, GRADUS_TRAIN_END_EPOCHS}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        s.config.epochs = limits[i].epochs;
        s.config.max_steps = limits[i].max_steps;
        cr_assert_eq(stage_train(&s), GRADUS_OK);
        cr_assert(s.state.steps == limits[i].steps && s.state.end == limits[i].end, "limit %zu: %zu", i, (size_t)s.state.steps);
    }
    digest_of(s.context, s.net, found);
    cr_assert_str_eq(found, wanted);
    s.state.end = GRADUS_TRAIN_END_EARLY_STOP;
    s.config.epochs = 9;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    cr_assert(s.state.steps == 20 && s.state.end == GRADUS_TRAIN_END_EARLY_STOP);
    stage_free(&s);
    stage_free(&whole);
}

/* -- errors -- */

static void refuse(stage *s, gradus_status wanted, const char *text) {
    const gradus_train_state before = s->state;
    cr_assert_eq(stage_train(s), wanted, "expected: %s", text);
    cr_assert(says(s->context, text), "%s", gradus_context_message(s->context));
    cr_assert(memcmp(&s->state, &before, sizeof before) == 0);
}

Test(train_state, errors) {
    stage s = stage_make("adagrad");
    const gradus_train_config good = s.config;
    gradus_schedule schedule = schedule_of(s.context, "one_cycle");
    const net_shape other = shape_of(FEATURES, 1, (const size_t[]){CLASSES}, 0, GRADUS_ACTIVATION_SOFTMAX);
    gradus_net *small = make_net(s.context, &other, 1);
    s.state.epoch_samples = 31;
    s.state.steps = 1;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "another run's");
    s.state.epoch_samples = 151;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "151");
    s.state.epoch_samples = 32;
    s.state.steps = 0;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "no run leaves that");
    gradus_train_state_init(&s.state);
    s.state.best_epoch = 1;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "no run leaves that");
    s.state.epochs = 2;
    s.config.restore_best = 1;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "in the config's best");
    gradus_train_state_init(&s.state);
    s.state.end = 6;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "end is 6");
    gradus_train_state_init(&s.state);
    s.config.best = s.net;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "the net itself");
    s.config.best = small;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "same shape");
    s.config = good;
    s.config.monitor = GRADUS_MONITOR_ACCURACY;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "validation set is needed");
    s.config.monitor = 3;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "monitor 3");
    s.config = good;
    s.config.min_delta = -1.0;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "min_delta is -1");
    s.config = good;
    s.config.schedule = &schedule;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "learning_rate");
    s.config.learning_rate = 0.1;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "cycle_momentum=0");
    schedule = schedule_of(s.context, "one_cycle:cycle_momentum=0");
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    schedule.part[0].rule = 99;
    refuse(&s, GRADUS_INVALID_ARGUMENT, "gradus_schedule_parse");
    s.config.schedule = NULL;
    s.state.struct_size = 0;
    cr_assert_eq(stage_train(&s), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_train(s.context, NULL, s.optimizer, s.data, NULL, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_train(s.context, s.net, NULL, s.data, NULL, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_train(s.context, s.net, s.optimizer, NULL, NULL, NULL), GRADUS_INVALID_ARGUMENT);
    gradus_net_destroy(s.context, small);
    stage_free(&s);
}

/* A rate out of range stops the run before the step that would use it, which can be repeated. */
Test(train_state, rates_out_of_range) {
    stage s = stage_make("sgd");
    gradus_schedule schedule = schedule_of(s.context, "exponential:gamma=1e6");
    s.config.schedule = &schedule;
    s.config.learning_rate = 1e-7;
    cr_assert_eq(stage_train(&s), GRADUS_INVALID_ARGUMENT);
    cr_assert(s.state.epochs == 3 && s.state.steps == 15 && s.state.epoch_samples == 0, "%zu", (size_t)s.state.steps);
    schedule = schedule_of(s.context, "exponential:gamma=0.5");
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    cr_assert_eq(s.state.steps, 50);
    stage_free(&s);
}

/* Every allocation refused in turn: the run stands where it did, nothing leaks, and it goes on. */
Test(train_state, out_of_memory) {
    counting memory;
    const net_shape shape = train_shape();
    gradus_context_config config = counting_config(&memory, 1);
    gradus_context *context = make_context(&config);
    gradus_dataset *data = make_dataset(context, 3), *valid = make_dataset(context, 5);
    gradus_net *net = make_net(context, &shape, 4);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    gradus_train_config run;
    gradus_train_state state;
    gradus_train_config_init(&run);
    gradus_train_state_init(&state);
    run.valid = valid;
    run.restore_best = 1;
    run.epochs = 1;
    size_t refusals = 0;
    for (gradus_status status = GRADUS_OUT_OF_MEMORY; status == GRADUS_OUT_OF_MEMORY; refusals++) {
        const size_t live = memory.live;
        memory.refuse_at = memory.asked + 1 + refusals;
        status = gradus_train(context, net, optimizer, data, &run, &state);
        memory.refuse_at = 0;
        if (status == GRADUS_OUT_OF_MEMORY) cr_assert_leq(memory.live, live);
    }
    cr_assert_geq(refusals, 3);
    cr_assert(state.steps == 5 && state.epochs == 1 && state.end == GRADUS_TRAIN_END_EPOCHS);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_dataset_destroy(context, data);
    gradus_dataset_destroy(context, valid);
    gradus_context_destroy(context);
    counting_check(&memory);
}

Test(train_state, names) {
    cr_assert_str_eq(gradus_train_end_name(GRADUS_TRAIN_END_EARLY_STOP), "early_stop");
    cr_assert_null(gradus_train_end_name(0));
    cr_assert_null(gradus_train_end_name(6));
    cr_assert_eq(gradus_monitor_from_name("accuracy"), GRADUS_MONITOR_ACCURACY);
    cr_assert_eq(gradus_monitor_from_name("no"), GRADUS_MONITOR_UNSET);
    cr_assert_eq(gradus_monitor_from_name(NULL), GRADUS_MONITOR_UNSET);
    cr_assert_str_eq(gradus_monitor_name(GRADUS_MONITOR_LOSS), "loss");
    cr_assert_null(gradus_monitor_name(-1));
}
