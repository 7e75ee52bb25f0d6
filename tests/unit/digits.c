/* The built-in digits: the same pixels everywhere, all classes alike, worth learning from. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <gradus/dataset.h>

#include "base/sha256.h"
#include "data/digits_draw.h"

#define GOLDEN GRADUS_SOURCE_ROOT "/tests/golden/digits.txt"

struct digits {
    gradus_context *context;
    gradus_dataset *train, *test;
};

static struct digits open_digits(void) {
    struct digits made;
    cr_assert_eq(gradus_context_create(NULL, &made.context), GRADUS_OK);
    cr_assert_eq(gradus_dataset_open(made.context, "digits", NULL, &made.train, &made.test), GRADUS_OK, "%s", gradus_context_message(made.context));
    return made;
}

static void close_digits(struct digits *digits) {
    gradus_dataset_destroy(digits->context, digits->train);
    gradus_dataset_destroy(digits->context, digits->test);
    gradus_context_destroy(digits->context);
}

/* Over the pixels, then the labels. */
static void digest(const gradus_dataset *set, char hex[65]) {
    gradus_tensor inputs = gradus_dataset_inputs(set), targets = gradus_dataset_targets(set);
    gd_sha256 hash;
    uint8_t bytes[32];
    gd_sha256_init(&hash);
    gd_sha256_update(&hash, inputs.data, inputs.rows * inputs.columns);
    gd_sha256_update(&hash, targets.data, targets.columns);
    gd_sha256_final(&hash, bytes);
    gd_sha256_hex(bytes, hex);
}

Test(digits, have_the_golden_digests) {
    struct digits digits = open_digits();
    char train[65], test[65], wanted_train[65] = "", wanted_test[65] = "";
    digest(digits.train, train);
    digest(digits.test, test);
    FILE *file = fopen(GOLDEN, "r");
    cr_assert_not_null(file, "no %s", GOLDEN);
    cr_assert_eq(fscanf(file, "train %64s\ntest %64s", wanted_train, wanted_test), 2, "%s does not hold two digests", GOLDEN);
    fclose(file);
    cr_expect_str_eq(train, wanted_train);
    cr_expect_str_eq(test, wanted_test);
    close_digits(&digits);
}

static void expect_balanced(const gradus_dataset *set, size_t samples) {
    size_t counts[10] = {0}, repeats = 0;
    const uint8_t *labels = gradus_dataset_targets(set).data;
    cr_assert_eq(gradus_dataset_samples(set), samples);
    for (size_t i = 0; i < samples; i++) {
        cr_assert_lt(labels[i], 10);
        counts[labels[i]]++;
        repeats += i >= 10 && labels[i] == labels[i - 10];
    }
    for (int digit = 0; digit < 10; digit++) cr_expect_eq(counts[digit], samples / 10, "digit %d: %zu", digit, counts[digit]);
    /* In a shuffled order a label is the one ten places before it in about a tenth of the cases. */
    cr_expect(repeats > samples / 20 && repeats < samples / 6, "%zu", repeats);
}

Test(digits, are_shuffled_sets_with_every_class_alike) {
    struct digits digits = open_digits();
    expect_balanced(digits.train, 10000);
    expect_balanced(digits.test, 2000);
    close_digits(&digits);
}

Test(digits, describe_themselves) {
    struct digits digits = open_digits();
    gradus_tensor inputs = gradus_dataset_inputs(digits.test), targets = gradus_dataset_targets(digits.test);
    cr_expect(inputs.rows == 2000 && inputs.columns == 784 && inputs.dtype == GRADUS_DTYPE_U8 && inputs.row_stride == 784);
    cr_expect(targets.rows == 1 && targets.columns == 2000 && targets.dtype == GRADUS_DTYPE_U8);
    cr_expect(gradus_dataset_classes(digits.train) == 10 && gradus_dataset_height(digits.train) == 28 && gradus_dataset_width(digits.train) == 28);
    cr_expect_str_eq(gradus_dataset_source(digits.test), "digits");
    close_digits(&digits);
}

/* Ink on paper: in every picture a stroke much darker than most of the picture, and not a picture twice. */
Test(digits, are_pictures) {
    struct digits digits = open_digits();
    const uint8_t *pixels = gradus_dataset_inputs(digits.train).data;
    for (size_t i = 0; i < 10000; i++) {
        const uint8_t *picture = pixels + i * GD_DIGITS_PIXELS;
        size_t inked = 0, paper = 0;
        for (int p = 0; p < GD_DIGITS_PIXELS; p++) {
            inked += picture[p] > 140;
            paper += picture[p] < 90;
        }
        cr_assert(inked >= 15 && inked <= 300 && paper >= 392, "picture %zu: %zu pixels inked, %zu left", i, inked, paper);
        cr_assert(i == 0 || memcmp(picture, picture - GD_DIGITS_PIXELS, GD_DIGITS_PIXELS) != 0, "picture %zu is like the one before", i);
    }
    close_digits(&digits);
}

/* A picture is a function of its number and digit alone, and the test set goes on where the training set ends. */
Test(digits, depend_on_their_number_only) {
    struct digits digits = open_digits();
    const uint8_t *train = gradus_dataset_inputs(digits.train).data, *test = gradus_dataset_inputs(digits.test).data;
    const uint8_t *train_labels = gradus_dataset_targets(digits.train).data, *test_labels = gradus_dataset_targets(digits.test).data;
    uint8_t picture[GD_DIGITS_PIXELS];
    gd_digit_draw(7777, train_labels[7777], picture);
    cr_expect_arr_eq(picture, train + 7777 * GD_DIGITS_PIXELS, GD_DIGITS_PIXELS);
    gd_digit_draw(10000 + 123, test_labels[123], picture);
    cr_expect_arr_eq(picture, test + 123 * GD_DIGITS_PIXELS, GD_DIGITS_PIXELS);
    close_digits(&digits);
}
