/* Damaged and hostile checkpoint files, and memory that runs out: always a clean error or the previous file, never a silently different run.
 * runs: slow */
#include "runs.h"

#include "base/bytes.h"
#include "base/crc64.h"

#include "counting.h"

static net_shape small_shape(void) { return shape_of(3, 2, (const size_t[]){2, 1}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY); }

/* Writes the bytes over a file that is there, without a rename or truncation a byte: thousands of files are to be tried. */
typedef struct canvas {
    FILE *file;
    content good;
} canvas;

static canvas canvas_open(const char *path) {
    canvas c = {fopen(path, "r+b"), slurp(path)};
    cr_assert_not_null(c.file);
    setvbuf(c.file, NULL, _IONBF, 0);
    return c;
}

static void canvas_put(canvas *c, size_t at, uint8_t byte) {
    cr_assert(fseek(c->file, (long)at, SEEK_SET) == 0 && fwrite(&byte, 1, 1, c->file) == 1);
}

static void canvas_close(canvas *c) {
    fclose(c->file);
    free(c->good.data);
}

Test(checkpoint_damage, every_flipped_bit_is_found) {
    folder f = folder_make();
    counting counter;
    gradus_context_config config = counting_config(&counter, 1);
    gradus_context *context = make_context(&config);
    const net_shape shape = small_shape();
    trio run = trio_make(context, &shape, "momentum", 1);
    gradus_checkpoint *checkpoint;
    trio_steps(context, &run, &shape, 2);
    trio_save(context, &run, f.last);
    const size_t held = counter.live_bytes;
    canvas c = canvas_open(f.last);
    for (size_t at = 0; at < c.good.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            canvas_put(&c, at, (uint8_t)(c.good.data[at] ^ 1 << bit));
            cr_assert_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_BAD_DATA, "byte %zu bit %d", at, bit);
            cr_assert(says(context, f.last));
            cr_assert_eq(counter.live_bytes, held);
        }
        canvas_put(&c, at, c.good.data[at]);
    }
    cr_assert_eq(gradus_checkpoint_open(context, f.last, &checkpoint), GRADUS_OK);
    gradus_checkpoint_close(context, checkpoint);
    canvas_close(&c);
    trio_free(context, &run);
    gradus_context_destroy(context);
    counting_check(&counter);
    folder_drop(&f);
}

Test(checkpoint_damage, every_cut_falls_back) {
    folder f = folder_make();
    gradus_context *context = context_of(1);
    const net_shape shape = small_shape();
    trio run = trio_make(context, &shape, "adam", 1), loaded = trio_make(context, &shape, "adam", 2);
    trio_steps(context, &run, &shape, 1);
    trio_save(context, &run, f.last);
    const uint64_t first = trio_digest(context, &run);
    trio_steps(context, &run, &shape, 2);
    trio_save(context, &run, f.last);
    content good = slurp(f.last);
    for (size_t cut = 0; cut < good.size; cut++) {
        bool warning = false;
        spill(f.last, good.data, cut);
        loaded.state.steps = 99;
        cr_assert_eq(trio_load(context, &loaded, f.last, &warning), GRADUS_OK, "cut to %zu of %zu bytes", cut, good.size);
        cr_assert(warning && loaded.state.steps == 1 && trio_digest(context, &loaded) == first);
    }
    spill(f.last, good.data, good.size);
    good.data[good.size] = 0;
    spill(f.last, good.data, good.size + 1); /* and one byte too many */
    bool warning = false;
    cr_assert(trio_load(context, &loaded, f.last, &warning) == GRADUS_OK && warning);
    free(good.data);
    trio_free(context, &run);
    trio_free(context, &loaded);
    gradus_context_destroy(context);
    folder_drop(&f);
}

/* A file whose check is right but whose contents are not what gradus writes: refused or read, and refused means that nothing has changed. */
Test(checkpoint_damage, a_right_check_is_no_reason_to_trust) {
    static const uint8_t replacements[] = {0, '0', '9', '"', '{', '}', '[', ']', ',', ':', '\\', 0x7f, 0xff};
    folder f = folder_make();
    counting counter;
    gradus_context_config config = counting_config(&counter, 1);
    gradus_context *context = make_context(&config);
    const net_shape shape = small_shape();
    trio run = trio_make(context, &shape, "adam", 1), loaded = trio_make(context, &shape, "adam", 2);
    trio_steps(context, &run, &shape, 2);
    trio_save(context, &run, f.last);
    const uint64_t before = trio_digest(context, &loaded);
    const size_t held = counter.live_bytes;
    content good = slurp(f.last);
    size_t refused = 0, tried = 0;
    counter.greatest = 0;
    for (size_t at = 0; at + 8 < good.size; at++) {
        const uint8_t kept = good.data[at];
        for (size_t i = at % 5; i < sizeof replacements; i += 5) {
            good.data[at] = replacements[i];
            const uint64_t check = gd_crc64(good.data, good.size - 8);
            gd_store_u32le(good.data + good.size - 8, (uint32_t)check);
            gd_store_u32le(good.data + good.size - 4, (uint32_t)(check >> 32));
            spill(f.last, good.data, good.size);
            const gradus_status status = trio_load(context, &loaded, f.last, NULL);
            cr_assert(status == GRADUS_OK || status == GRADUS_BAD_DATA || status == GRADUS_UNSUPPORTED || status == GRADUS_INVALID_ARGUMENT,
                      "byte %zu as %02x: %s", at, replacements[i], gradus_context_message(context));
            cr_assert(status == GRADUS_OK || trio_digest(context, &loaded) == before, "byte %zu as %02x", at, replacements[i]);
            cr_assert_eq(counter.live_bytes, held);
            tried++;
            refused += status != GRADUS_OK;
            if (status != GRADUS_OK) continue;
            trio_free(context, &loaded);
            loaded = trio_make(context, &shape, "adam", 2);
        }
        good.data[at] = kept;
    }
    cr_expect_gt(refused, tried / 2);
    cr_expect_lt(counter.greatest, 16 * good.size + 65536);
    free(good.data);
    trio_free(context, &run);
    trio_free(context, &loaded);
    gradus_context_destroy(context);
    counting_check(&counter);
    folder_drop(&f);
}

/* -- memory -- */

Test(checkpoint_damage, any_allocation_may_fail) {
    folder f = folder_make();
    counting counter;
    gradus_context_config config = counting_config(&counter, 1);
    gradus_context *context = make_context(&config);
    const net_shape shape = small_shape();
    trio run = trio_make(context, &shape, "adam", 1), loaded = trio_make(context, &shape, "adam", 2);
    trio_steps(context, &run, &shape, 1);
    trio_save(context, &run, f.last);
    const gradus_checkpoint_contents contents = trio_contents(&run, "x");
    const uint64_t before = trio_digest(context, &loaded);
    const size_t held = counter.live_bytes;
    content good = slurp(f.last);
    size_t saves = 0, loads = 0;
    for (gradus_status status = GRADUS_OUT_OF_MEMORY; status != GRADUS_OK; saves++) {
        counter.asked = 0;
        counter.refuse_at = saves + 1;
        status = gradus_checkpoint_save(context, f.last, &contents);
        counter.refuse_at = 0;
        cr_assert_eq(counter.live_bytes, held);
        if (status == GRADUS_OK) break;
        cr_assert_eq(status, GRADUS_OUT_OF_MEMORY, "allocation %zu: %s", saves + 1, gradus_context_message(context));
        content now = slurp(f.last);
        cr_assert(now.size == good.size && memcmp(now.data, good.data, now.size) == 0 && access(f.previous, F_OK) != 0);
        free(now.data);
    }
    for (gradus_status status = GRADUS_OUT_OF_MEMORY; status != GRADUS_OK; loads++) {
        counter.asked = 0;
        counter.refuse_at = loads + 1;
        status = trio_load(context, &loaded, f.last, NULL);
        counter.refuse_at = 0;
        cr_assert_eq(counter.live_bytes, held);
        cr_assert(status == GRADUS_OK || (status == GRADUS_OUT_OF_MEMORY && trio_digest(context, &loaded) == before), "allocation %zu: %s", loads + 1,
                  gradus_context_message(context));
    }
    cr_expect(saves >= 5 && loads >= 6, "%zu %zu", saves, loads);
    cr_expect_eq(trio_digest(context, &loaded), trio_digest(context, &run));
    free(good.data);
    trio_free(context, &run);
    trio_free(context, &loaded);
    gradus_context_destroy(context);
    counting_check(&counter);
    folder_drop(&f);
}

/* A net that is too deep for one file's table is refused before anything is written. */
Test(checkpoint_damage, too_many_tensors) {
    enum { LAYERS = 700 };
    folder f = folder_make();
    gradus_context *context = context_of(1);
    gradus_layer layers[LAYERS];
    gradus_net_config config;
    gradus_net *net;
    gradus_checkpoint_contents contents;
    for (size_t l = 0; l < LAYERS; l++) layers[l] = (gradus_layer){1, GRADUS_ACTIVATION_TANH, 0};
    gradus_net_config_init(&config);
    config.inputs = 1;
    config.layers = layers;
    config.layer_count = LAYERS;
    config.loss = GRADUS_LOSS_MSE;
    cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_OK);
    gradus_optimizer *sgd = make_optimizer(context, net, "momentum"), *adam = make_optimizer(context, net, "adam");
    gradus_checkpoint_contents_init(&contents);
    contents.net = net;
    contents.optimizer = adam;
    cr_expect_eq(gradus_checkpoint_save(context, f.last, &contents), GRADUS_UNSUPPORTED);
    cr_expect(says(context, "at most 4094 are supported"), "%s", gradus_context_message(context));
    contents.optimizer = sgd;
    cr_expect_eq(gradus_checkpoint_save(context, f.last, &contents), GRADUS_OK, "%s", gradus_context_message(context));
    gradus_optimizer_destroy(context, sgd);
    gradus_optimizer_destroy(context, adam);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    folder_drop(&f);
}
