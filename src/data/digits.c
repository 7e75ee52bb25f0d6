/* The built-in digits as data sets. */
#include "base/context.h"
#include "base/philox.h"
#include "data/dataset.h"
#include "data/digits_draw.h"

enum { TRAIN_SAMPLES = 10000, TEST_SAMPLES = 2000 };

/* Samples first, first + 1, ... of the one endless sequence of pictures; each class as often as the others, in shuffled order. */
static gradus_status make_set(gradus_context *context, uint32_t purpose_index, uint64_t first, size_t samples, gradus_dataset **set) {
    uint32_t *order = NULL;
    gradus_status status = gd_context_allocate(context, samples * sizeof *order, "the digits' order", (void **)&order);
    if (status) return status;
    status = gd_dataset_create(context, "digits", samples, GD_DIGITS_SIDE, GD_DIGITS_SIDE, set);
    if (!status) {
        gradus_dataset *made = *set;
        made->classes = GD_DIGITS_CLASSES;
        gd_shuffle(gd_stream_make(GD_DIGITS_SEED, 0, purpose_index, GD_PURPOSE_SHUFFLE), order, samples);
        for (size_t i = 0; i < samples; i++) {
            made->targets[i] = (uint8_t)(order[i] % GD_DIGITS_CLASSES);
            gd_digit_draw(first + i, made->targets[i], made->inputs + i * GD_DIGITS_PIXELS);
        }
    }
    gd_release(&context->allocator, order, samples * sizeof *order);
    return status;
}

gradus_status gd_digits_open(gradus_context *context, gradus_dataset **train, gradus_dataset **test) {
    gradus_dataset *made = NULL;
    gradus_status status = make_set(context, 0, 0, TRAIN_SAMPLES, &made);
    if (status) return status;
    status = make_set(context, 1, TRAIN_SAMPLES, TEST_SAMPLES, test);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *train = made;
    return status;
}
