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
    gradus_dataset *made = NULL;
    status = gd_dataset_create_pictures(context, "digits", samples, GD_DIGITS_SIDE, GD_DIGITS_SIDE, &made);
    if (!status) {
        gd_shuffle(gd_stream_make(GD_DIGITS_SEED, 0, purpose_index, GD_PURPOSE_SHUFFLE), order, samples);
        for (size_t i = 0; i < samples; i++) {
            const uint32_t digit = order[i] % GD_DIGITS_CLASSES;
            gd_dataset_set_class(made, i, digit);
            gd_digit_draw(first + i, digit, gd_dataset_row(made, i));
        }
        status = gd_schema_count_classes(context, made->schema, GD_DIGITS_CLASSES);
    }
    gd_release(&context->allocator, order, samples * sizeof *order);
    if (status)
        gradus_dataset_destroy(context, made);
    else
        *set = made;
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
