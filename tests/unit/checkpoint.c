/* Checkpoints: every optimizer's run goes on to the same bits, from any step, on any instruction set, thread count and plan; what does not belong together
 * is refused and changes nothing; an older file stands in for a damaged one. */
#include "runs.h"

#include "base/crc64.h"
#include "base/bytes.h"

static net_shape usual_shape(void) { return shape_of(37, 3, (const size_t[]){40, 16, 5}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX); }

static gradus_train_state odd_state(void) {
    gradus_train_state state;
    gradus_train_state_init(&state);
    state.epochs = UINT64_MAX;
    state.steps = (uint64_t)1 << 53 | 1;
    state.epoch_samples = 3;
    state.epoch_right = 2;
    state.epoch_loss_sum = 0.1;
    state.epoch_loss_divisor = -0.0;
    state.best_epoch = 7;
    state.best_value = NAN;
    state.epochs_waited = 9;
    state.plateau_begun = 10;
    state.plateau_waited = 11;
    state.plateau_cooldown = 12;
    state.plateau_best = INFINITY;
    state.plateau_learning_rate = 0x1p-1074;
    state.end = GRADUS_TRAIN_END_CALLBACK;
    return state;
}

/* -- what was saved comes back -- */

static void expect_round_trip(gradus_context *context, const folder *f, const char *optimizer) {
    const net_shape shape = usual_shape();
    trio run = trio_make(context, &shape, optimizer, 1), other = trio_make(context, &shape, optimizer, 9);
    trio_steps(context, &run, &shape, 4);
    cr_assert_eq(gradus_optimizer_set(context, run.optimizer, 0, GRADUS_LEARNING_RATE, 0.1 / 3.0), GRADUS_OK);
    const gradus_train_state odd = odd_state(), at = run.state;
    run.state = odd;
    trio_save(context, &run, f->last);
    cr_assert_neq(trio_digest(context, &run), trio_digest(context, &other));
    cr_assert_eq(trio_load(context, &other, f->last, NULL), GRADUS_OK, "%s: %s", optimizer, gradus_context_message(context));
    cr_assert_eq(trio_digest(context, &run), trio_digest(context, &other), "%s", optimizer);
    cr_assert_eq(memcmp(&other.state, &odd, sizeof odd), 0, "%s: the state's bits", optimizer);
    run.state = other.state = at;
    trio_steps(context, &run, &shape, 6);
    trio_steps(context, &other, &shape, 6);
    cr_assert_eq(trio_digest(context, &run), trio_digest(context, &other), "%s goes another way afterwards", optimizer);
    trio_free(context, &run);
    trio_free(context, &other);
}

Test(checkpoint, every_optimizer) {
    folder f = folder_make();
    gradus_context *context = context_of(2);
    gradus_optimizer_info info = {.struct_size = sizeof info};
    for (size_t i = 0; gradus_optimizer_list(i, &info); i++) {
        char text[128];
        snprintf(text, sizeof text, "%s:variant=%s", info.name, info.variant);
        expect_round_trip(context, &f, text);
    }
    gradus_context_destroy(context);
    folder_drop(&f);
}

Test(checkpoint, says_what_it_holds) {
    folder f = folder_make();
    gradus_context *context = context_of(1);
    const net_shape shape = usual_shape();
    trio run = trio_make(context, &shape, "adam", 1);
    gradus_checkpoint_contents contents = trio_contents(&run, "π = \"3\"\n\\\x01");
    gradus_checkpoint *checkpoint;
    gradus_checkpoint_info info = {.struct_size = sizeof info};
    run.state.steps = 12;
    cr_assert_eq(gradus_checkpoint_save(context, f.last, &contents), GRADUS_OK);
    cr_assert_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_OK, "%s", gradus_context_message(context));
    gradus_checkpoint_describe(checkpoint, &info);
    cr_expect_str_eq(info.path, f.last);
    cr_expect_str_eq(info.configuration, contents.configuration);
    cr_expect(info.warning == NULL && info.has_best == 1 && info.seconds == 1.25 && info.state->steps == 12);
    struct {
        size_t struct_size;
        const char *path;
    } old = {sizeof old, NULL};
    gradus_checkpoint_describe(checkpoint, (gradus_checkpoint_info *)(void *)&old);
    cr_expect_str_eq(old.path, f.last);
    gradus_checkpoint_close(context, checkpoint);

    contents.best = NULL;
    contents.state = NULL;
    contents.configuration = NULL;
    cr_assert_eq(gradus_checkpoint_save(context, f.last, &contents), GRADUS_OK);
    cr_assert_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_OK, "%s", gradus_context_message(context));
    gradus_checkpoint_describe(checkpoint, &info);
    cr_expect(info.has_best == 0 && info.state->steps == 0 && strcmp(info.configuration, "") == 0);
    char before[DIGEST], after[DIGEST];
    digest_of(context, run.best, before);
    cr_expect_eq(gradus_checkpoint_restore(context, checkpoint, run.net, NULL, run.best), GRADUS_OK, "%s", gradus_context_message(context));
    digest_of(context, run.best, after);
    cr_expect_str_eq(before, after, "no best weights in the file: the net's are left alone");
    gradus_checkpoint_close(context, checkpoint);
    trio_free(context, &run);
    gradus_context_destroy(context);
    folder_drop(&f);
}

/* -- a run cut after any step goes on to the same weights, wherever it goes on -- */

enum { STEPS = 9, PLACES = 12 };

/* Contexts that compute in different ways: instruction sets, threads, plans. */
static size_t make_places(gradus_context *places[PLACES]) {
    size_t count = 0;
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++)
        for (uint32_t threads = 1; threads <= 3 && count < PLACES; threads += 2) {
            places[count] = context_with(isa, threads);
            places[count]->test_separate = count % 3 == 1;
            places[count]->test_part_samples = count % 3 == 2 ? 64 : 0;
            count++;
        }
    return count;
}

Test(checkpoint, every_step_on_every_machine) {
    folder f = folder_make();
    gradus_context *places[PLACES];
    const size_t count = make_places(places);
    const net_shape shape = usual_shape();
    trio whole = trio_make(places[0], &shape, "adamw:weight_decay=0.1", 1);
    trio_steps(places[0], &whole, &shape, STEPS);
    const uint64_t wanted = trio_digest(places[0], &whole);
    for (uint64_t cut = 0; cut < STEPS; cut++)
        for (size_t p = 0; p < count; p++) {
            gradus_context *here = places[p], *there = places[(p + 1 + cut) % count];
            trio run = trio_make(here, &shape, "adamw:weight_decay=0.1", 1), rest = trio_make(there, &shape, "adamw", 5);
            trio_steps(here, &run, &shape, cut);
            trio_save(here, &run, f.last);
            cr_assert_eq(trio_load(there, &rest, f.last, NULL), GRADUS_OK, "%s", gradus_context_message(there));
            cr_assert_eq(rest.state.steps, cut);
            trio_steps(there, &rest, &shape, STEPS);
            cr_assert_eq(trio_digest(there, &rest), wanted, "cut after step %d, from %s to %s", (int)cut, gradus_context_isa(here),
                         gradus_context_isa(there));
            trio_free(here, &run);
            trio_free(there, &rest);
        }
    trio_free(places[0], &whole);
    for (size_t p = 0; p < count; p++) gradus_context_destroy(places[p]);
    folder_drop(&f);
}

/* The file's bytes are the same, too, wherever it is written. */
Test(checkpoint, the_same_file_everywhere) {
    folder f = folder_make();
    gradus_context *places[PLACES];
    const size_t count = make_places(places);
    const net_shape shape = usual_shape();
    content first = {NULL, 0};
    for (size_t p = 0; p < count; p++) {
        trio run = trio_make(places[p], &shape, "rmsprop_momentum", 1);
        trio_steps(places[p], &run, &shape, 3);
        trio_save(places[p], &run, f.last);
        content file = slurp(f.last);
        if (p == 0) {
            first = file;
        } else {
            cr_assert(file.size == first.size && memcmp(file.data, first.data, file.size) == 0, "%s", gradus_context_isa(places[p]));
            free(file.data);
        }
        trio_free(places[p], &run);
        gradus_context_destroy(places[p]);
    }
    free(first.data);
    folder_drop(&f);
}

/* -- with gradus_train: cut by a callback after each step in turn -- */

typedef struct cut {
    gradus_context *context;
    const trio *run;
    const char *path;
    uint64_t after;
} cut;

static int save_and_stop(void *user, const gradus_progress *progress) {
    cut *c = user;
    gradus_checkpoint_contents contents = trio_contents(c->run, "");
    contents.best = NULL;
    contents.state = progress->state;
    if (progress->step != c->after) return 0;
    cr_assert_eq(gradus_checkpoint_save(c->context, c->path, &contents), GRADUS_OK, "%s", gradus_context_message(c->context));
    return 1;
}

Test(checkpoint, training_goes_on) {
    folder f = folder_make();
    gradus_context *context = context_of(2);
    gradus_dataset *train, *test;
    const net_shape shape = shape_of(784, 2, (const size_t[]){17, 10}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    cr_assert_eq(gradus_dataset_open(context, "digits", NULL, &train, &test), GRADUS_OK);
    gradus_train_config config;
    gradus_train_config_init(&config);
    config.batch_size = 4000;
    config.epochs = 2;
    config.seed = 3;
    trio whole = trio_make(context, &shape, "adam", 1);
    cr_assert_eq(gradus_train(context, whole.net, whole.optimizer, train, &config, &whole.state), GRADUS_OK);
    cr_assert_eq(whole.state.steps, 6);
    for (uint64_t after = 1; after <= 6; after++) {
        trio run = trio_make(context, &shape, "adam", 1), rest = trio_make(context, &shape, "adam", 8);
        cut c = {context, &run, f.last, after};
        gradus_train_config stopped = config;
        stopped.user = &c;
        stopped.on_step = save_and_stop;
        cr_assert_eq(gradus_train(context, run.net, run.optimizer, train, &stopped, NULL), GRADUS_OK);
        cr_assert_eq(trio_load(context, &rest, f.last, NULL), GRADUS_OK, "%s", gradus_context_message(context));
        cr_assert_eq(rest.state.steps, after);
        cr_assert_eq(gradus_train(context, rest.net, rest.optimizer, train, &config, &rest.state), GRADUS_OK, "%s", gradus_context_message(context));
        char wanted[DIGEST], found[DIGEST];
        digest_of(context, whole.net, wanted);
        digest_of(context, rest.net, found);
        cr_assert_str_eq(found, wanted, "after step %d", (int)after);
        cr_assert_eq(memcmp(&rest.state, &whole.state, sizeof whole.state), 0);
        trio_free(context, &run);
        trio_free(context, &rest);
    }
    trio_free(context, &whole);
    gradus_dataset_destroy(context, train);
    gradus_dataset_destroy(context, test);
    gradus_context_destroy(context);
    folder_drop(&f);
}

/* -- what does not belong together -- */

static void expect_refused(gradus_context *context, const gradus_checkpoint *checkpoint, const net_shape *shape, const char *optimizer,
                           const char *message) {
    trio other = trio_make(context, shape, optimizer, 4);
    const uint64_t before = trio_digest(context, &other);
    cr_expect_eq(gradus_checkpoint_restore(context, checkpoint, other.net, other.optimizer, other.best), GRADUS_INVALID_ARGUMENT, "%s", message);
    cr_expect(says(context, message), "%s, expected %s", gradus_context_message(context), message);
    cr_expect_eq(trio_digest(context, &other), before);
    trio_free(context, &other);
}

Test(checkpoint, refuses_another_net_or_optimizer) {
    folder f = folder_make();
    gradus_context *context = context_of(1);
    net_shape shape = usual_shape();
    shape.label_smoothing = 0.125;
    trio run = trio_make(context, &shape, "adam", 1);
    gradus_checkpoint *checkpoint;
    trio_save(context, &run, f.last);
    cr_assert_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_OK);
    net_shape other = shape;
    other.inputs = 38;
    expect_refused(context, checkpoint, &other, "adam", "its inputs is 37, this net's 38");
    other = shape;
    other.outputs[0] = 41;
    expect_refused(context, checkpoint, &other, "adam", "its layers is 40:tanh,16:tanh,5:softmax, this net's 41:tanh,16:tanh,5:softmax");
    other = shape;
    other.activations[1] = GRADUS_ACTIVATION_RELU;
    expect_refused(context, checkpoint, &other, "adam", "this net's 40:tanh,16:relu,5:softmax");
    other = shape;
    other.label_smoothing = 0.0;
    expect_refused(context, checkpoint, &other, "adam", "its label_smoothing is 0.125, this net's not set");
    other.label_smoothing = 0.25;
    expect_refused(context, checkpoint, &other, "adam", "its label_smoothing is 0.125, this net's 0.25");
    gradus_net_destroy(context, run.best);
    run.best = make_net(context, &shape, 1);
    cr_assert_eq(gradus_net_set_dropout(context, run.best, 0.0, (const double[]){0.5, 0.0, 0.0}), GRADUS_OK);
    cr_expect_eq(gradus_checkpoint_restore(context, checkpoint, run.best, NULL, NULL), GRADUS_INVALID_ARGUMENT);
    cr_expect(says(context, "its dropout is not set, this net's 0.5,0,0"), "%s", gradus_context_message(context));
    expect_refused(context, checkpoint, &shape, "adam:variant=keras", "its optimizer is adam:variant=torch, this one adam:variant=keras");
    expect_refused(context, checkpoint, &shape, "sgd", "its optimizer is adam:variant=torch, this one sgd:variant=torch");

    other = shape;
    other.outputs[1] = 15;
    trio wrong = trio_make(context, &other, "adam", 1);
    gradus_checkpoint_contents contents = trio_contents(&run, "");
    cr_expect_eq(gradus_checkpoint_restore(context, checkpoint, run.net, wrong.optimizer, NULL), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_checkpoint_restore(context, checkpoint, run.net, run.optimizer, wrong.net), GRADUS_INVALID_ARGUMENT);
    contents.best = wrong.net;
    cr_expect_eq(gradus_checkpoint_save(context, f.last, &contents), GRADUS_INVALID_ARGUMENT);
    contents = trio_contents(&run, "");
    contents.optimizer = wrong.optimizer;
    cr_expect_eq(gradus_checkpoint_save(context, f.last, &contents), GRADUS_INVALID_ARGUMENT);
    gradus_checkpoint_close(context, checkpoint);
    trio_free(context, &wrong);
    trio_free(context, &run);
    gradus_context_destroy(context);
    folder_drop(&f);
}

Test(checkpoint, refuses_nothing_at_all) {
    gradus_context *context = context_of(1);
    const net_shape shape = usual_shape();
    trio run = trio_make(context, &shape, "adam", 1);
    gradus_checkpoint_contents contents = trio_contents(&run, "");
    gradus_checkpoint *checkpoint = (gradus_checkpoint *)context;
    cr_expect_eq(gradus_checkpoint_save(NULL, "x", &contents), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_checkpoint_save(context, NULL, &contents), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_checkpoint_save(context, "x", NULL), GRADUS_INVALID_ARGUMENT);
    contents.net = NULL;
    cr_expect_eq(gradus_checkpoint_save(context, "x", &contents), GRADUS_INVALID_ARGUMENT);
    contents = trio_contents(&run, "");
    contents.optimizer = NULL;
    cr_expect_eq(gradus_checkpoint_save(context, "x", &contents), GRADUS_INVALID_ARGUMENT);
    contents.struct_size = 3;
    cr_expect_eq(gradus_checkpoint_save(context, "x", &contents), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_checkpoint_open(context, NULL, &checkpoint), GRADUS_INVALID_ARGUMENT);
    cr_expect_null(checkpoint);
    cr_expect_eq(gradus_checkpoint_open(NULL, "x", &checkpoint), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_checkpoint_open(context, "x", NULL), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_checkpoint_open(context, "/tmp/gradus-no-such-file", &checkpoint), GRADUS_IO);
    cr_expect(says(context, "/tmp/gradus-no-such-file: cannot open: No such file or directory"), "%s", gradus_context_message(context));
    cr_expect_eq(gradus_checkpoint_open(context, "/tmp", &checkpoint), GRADUS_IO);
    cr_expect(says(context, "/tmp: not a regular file"), "%s", gradus_context_message(context));
    cr_expect_eq(gradus_checkpoint_restore(context, NULL, run.net, NULL, NULL), GRADUS_INVALID_ARGUMENT);
    gradus_checkpoint_close(context, NULL);
    trio_free(context, &run);
    gradus_context_destroy(context);
}

/* -- two generations -- */

typedef struct heard {
    int warnings;
    char text[1024];
} heard;

static void hear(void *user, gradus_log_level level, const char *message) {
    heard *h = user;
    h->warnings += level == GRADUS_LOG_WARNING;
    snprintf(h->text, sizeof h->text, "%s", message);
}

static void flip(const char *path, size_t at) {
    content file = slurp(path);
    file.data[at % file.size] ^= 4;
    spill(path, file.data, file.size);
    free(file.data);
}

Test(checkpoint, the_previous_one_stands_in) {
    folder f = folder_make();
    heard h = {0, ""};
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.log = hear;
    config.log_user = &h;
    gradus_context *context = make_context(&config);
    const net_shape shape = usual_shape();
    trio run = trio_make(context, &shape, "adam", 1), loaded = trio_make(context, &shape, "adam", 2);
    bool warning;
    trio_steps(context, &run, &shape, 1);
    trio_save(context, &run, f.last);
    const uint64_t first = trio_digest(context, &run);
    cr_assert_neq(access(f.previous, F_OK), 0);
    trio_steps(context, &run, &shape, 2);
    trio_save(context, &run, f.last);
    const uint64_t second = trio_digest(context, &run);
    cr_assert_eq(trio_load(context, &loaded, f.last, &warning), GRADUS_OK);
    cr_assert(!warning && h.warnings == 0 && trio_digest(context, &loaded) == second && loaded.state.steps == 2);

    flip(f.last, 1234);
    cr_assert_eq(trio_load(context, &loaded, f.last, &warning), GRADUS_OK);
    cr_assert(warning && h.warnings == 1 && trio_digest(context, &loaded) == first && loaded.state.steps == 1);
    cr_expect(strstr(h.text, "last.safetensors: not a checkpoint, or damaged") && strstr(h.text, "going on from") && strstr(h.text, f.previous), "%s",
              h.text);
    unlink(f.last);
    cr_assert_eq(trio_load(context, &loaded, f.last, &warning), GRADUS_OK);
    cr_assert(warning && h.warnings == 2 && trio_digest(context, &loaded) == first);

    trio_save(context, &run, f.last); /* no file in place: the older one stays */
    flip(f.last, 0);
    cr_assert_eq(trio_load(context, &loaded, f.last, &warning), GRADUS_OK);
    cr_assert(warning && trio_digest(context, &loaded) == first);
    flip(f.previous, 77);
    cr_assert_eq(trio_load(context, &loaded, f.last, &warning), GRADUS_BAD_DATA);
    cr_expect(says(context, f.last) && says(context, f.previous) && says(context, "nor can the previous one be used"), "%s",
              gradus_context_message(context));
    trio_free(context, &run);
    trio_free(context, &loaded);
    gradus_context_destroy(context);
    folder_drop(&f);
}

/* -- files of other versions: whole, but not for this library -- */

static void replace_text(const char *path, const char *from, const char *to) {
    content file = slurp(path);
    uint8_t *at = memmem(file.data, file.size, from, strlen(from));
    cr_assert(at != NULL && strlen(from) == strlen(to), "%s", from);
    memcpy(at, to, strlen(to));
    const uint64_t check = gd_crc64(file.data, file.size - 8);
    gd_store_u32le(file.data + file.size - 8, (uint32_t)check);
    gd_store_u32le(file.data + file.size - 4, (uint32_t)(check >> 32));
    spill(path, file.data, file.size);
    free(file.data);
}

Test(checkpoint, other_versions_are_refused) {
    folder f = folder_make();
    gradus_context *context = context_of(1);
    const net_shape shape = usual_shape();
    trio run = trio_make(context, &shape, "adam", 1);
    gradus_checkpoint *checkpoint;
    trio_save(context, &run, f.last);
    trio_save(context, &run, f.last);
    replace_text(f.last, "gradus-checkpoint/1", "gradus-checkpoint/2");
    cr_expect_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_UNSUPPORTED, "a newer file is no reason for an older one");
    cr_expect(says(context, "its format is gradus-checkpoint/2"), "%s", gradus_context_message(context));
    trio_save(context, &run, f.last);
    char other[64];
    snprintf(other, sizeof other, "%s", gradus_numerics_version());
    other[strlen(other) - 1]++;
    replace_text(f.last, gradus_numerics_version(), other);
    cr_expect_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_UNSUPPORTED);
    cr_expect(says(context, "its arithmetic is"), "%s", gradus_context_message(context));
    trio_free(context, &run);
    gradus_context_destroy(context);
    folder_drop(&f);
}
