/* Splitting data sets, class weights, and the built-in sets of points. */
#include <math.h>

#include "base/sha256.h"

#include "tables.h"

/* Rows "i,label" with so many of each class, in turns. */
static void open_classes(place *p, const size_t *counts, size_t classes) {
    static char text[1 << 16];
    size_t left[8], at = 0, row = 0, rows = 0;
    for (size_t k = 0; k < classes; k++) rows += left[k] = counts[k];
    while (row < rows)
        for (size_t k = 0; k < classes; k++)
            if (left[k] > 0) {
                at += (size_t)sprintf(text + at, "%zu,c%zu\n", row++, k);
                left[k]--;
            }
    opens(p, text);
}

static void count_classes(const gradus_dataset *set, size_t counts[8]) {
    memset(counts, 0, 8 * sizeof *counts);
    for (size_t i = 0; i < gradus_dataset_samples(set); i++) counts[(size_t)target(set, i)]++;
}

/* Together the parts have every sample once, in order, each with its own target. */
static void expect_parts(const place *p, const gradus_dataset *train, const gradus_dataset *held) {
    const size_t samples = gradus_dataset_samples(p->train), a = gradus_dataset_samples(train), b = gradus_dataset_samples(held);
    size_t i = 0, j = 0;
    cr_assert_eq(a + b, samples);
    for (size_t row = 0; row < samples; row++) {
        const bool in_train = i < a && input(train, i, 0) == input(p->train, row, 0);
        const gradus_dataset *part = in_train ? train : held;
        const size_t at = in_train ? i++ : j++;
        cr_assert(at < gradus_dataset_samples(part) && input(part, at, 0) == input(p->train, row, 0) && target(part, at) == target(p->train, row));
    }
}

static void expect_quotas(place *p, double fraction, const size_t *wanted, size_t classes) {
    gradus_dataset *train, *held;
    size_t counts[8];
    cr_assert_eq(gradus_dataset_split(p->context, p->train, fraction, 7, &train, &held), GRADUS_OK, "%s", gradus_context_message(p->context));
    expect_parts(p, train, held);
    count_classes(held, counts);
    for (size_t k = 0; k < classes; k++) cr_expect_eq(counts[k], wanted[k], "class %zu: %zu, expected %zu", k, counts[k], wanted[k]);
    gradus_dataset_destroy(p->context, train);
    gradus_dataset_destroy(p->context, held);
}

Test(splits, classes_keep_their_shares) {
    place p;
    arrive(&p);
    open_classes(&p, (size_t[]){50, 50, 50}, 3);
    expect_quotas(&p, 1.0 / 3.0, (size_t[]){17, 17, 16}, 3);
    expect_quotas(&p, 0.2, (size_t[]){10, 10, 10}, 3);
    open_classes(&p, (size_t[]){90, 9, 1}, 3);
    expect_quotas(&p, 0.5, (size_t[]){45, 5, 0}, 3); /* 45, 4.5, 0.5: of equal remainders the lower class is rounded up */
    expect_quotas(&p, 0.25, (size_t[]){23, 2, 0}, 3);
    expect_quotas(&p, 0.001, (size_t[]){1, 0, 0}, 3);
    expect_quotas(&p, 0.9999, (size_t[]){89, 9, 1}, 3);
    leave(&p);
}

Test(splits, the_seed_decides) {
    place p;
    gradus_dataset *sets[3][2];
    arrive(&p);
    open_classes(&p, (size_t[]){40, 60}, 2);
    for (int i = 0; i < 3; i++) cr_assert_eq(gradus_dataset_split(p.context, p.train, 0.3, i == 2, &sets[i][0], &sets[i][1]), GRADUS_OK);
    const size_t bytes = 30 * sizeof(float);
    cr_expect_eq(memcmp(gradus_dataset_inputs(sets[0][1]).data, gradus_dataset_inputs(sets[1][1]).data, bytes), 0);
    cr_expect_neq(memcmp(gradus_dataset_inputs(sets[0][1]).data, gradus_dataset_inputs(sets[2][1]).data, bytes), 0);
    cr_expect_str_eq(gradus_schema_class_name(gradus_dataset_schema(sets[0][0]), 1), "c1");
    for (int i = 0; i < 6; i++) gradus_dataset_destroy(p.context, sets[i / 2][i % 2]);
    leave(&p);
}

Test(splits, numbers_are_split_as_they_come) {
    place p;
    gradus_dataset *train, *held;
    arrive(&p);
    opens(&p, "1,2\n3,4\n5,6\n7,8\n9,10\n");
    cr_assert_eq(gradus_dataset_split(p.context, p.train, 0.5, 3, &train, &held), GRADUS_OK);
    cr_expect_eq(gradus_dataset_samples(held), 3);
    expect_parts(&p, train, held);
    gradus_dataset_destroy(p.context, train);
    gradus_dataset_destroy(p.context, held);
    cr_expect_eq(gradus_dataset_split(p.context, p.train, 0.0, 3, &train, &held), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_dataset_split(p.context, p.train, 1.0, 3, &train, &held), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_dataset_split(p.context, p.train, NAN, 3, &train, &held), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_dataset_split(p.context, NULL, 0.5, 3, &train, &held), GRADUS_INVALID_ARGUMENT);
    cr_expect(!train && !held);
    opens(&p, "1,2\n");
    cr_expect_eq(gradus_dataset_split(p.context, p.train, 0.5, 3, &train, &held), GRADUS_INVALID_ARGUMENT);
    for (size_t refuse = 1; refuse < 40; refuse++) {
        opens(&p, "1,a\n3,b\n5,a\n");
        p.counter.refused = false;
        p.counter.refuse_at = p.counter.asked + refuse;
        const gradus_status status = gradus_dataset_split(p.context, p.train, 0.5, 3, &train, &held);
        p.counter.refuse_at = 0;
        cr_assert_eq(status, p.counter.refused ? GRADUS_OUT_OF_MEMORY : GRADUS_OK);
        gradus_dataset_destroy(p.context, train);
        gradus_dataset_destroy(p.context, held);
    }
    leave(&p);
}

Test(splits, weights_make_classes_alike) {
    place p;
    double weights[2];
    arrive(&p);
    open_classes(&p, (size_t[]){30, 10}, 2);
    cr_assert_eq(gradus_dataset_class_weights(p.context, p.train, weights), GRADUS_OK);
    cr_expect(weights[0] == 40.0 / 60.0 && weights[1] == 2.0);
    cr_expect_eq(gradus_dataset_class_weights(p.context, p.train, NULL), GRADUS_INVALID_ARGUMENT);
    opens(&p, "1,2\n3,4\n");
    cr_expect_eq(gradus_dataset_class_weights(p.context, p.train, weights), GRADUS_INVALID_ARGUMENT);
    leave(&p);
}

/* Inputs, then targets, as hexadecimal digits. */
static const char *digest_of(const gradus_dataset *set, char hex[65]) {
    gd_sha256 hash;
    uint8_t digest[32];
    const gradus_tensor inputs = gradus_dataset_inputs(set), targets = gradus_dataset_targets(set);
    gd_sha256_init(&hash);
    gd_sha256_floats(&hash, inputs.data, inputs.rows * inputs.columns);
    if (targets.dtype == GRADUS_DTYPE_U8)
        gd_sha256_update(&hash, targets.data, targets.columns);
    else
        gd_sha256_floats(&hash, targets.data, targets.rows);
    gd_sha256_final(&hash, digest);
    gd_sha256_hex(digest, hex);
    return hex;
}

Test(splits, the_line_is_a_line) {
    place p;
    char hex[65];
    arrive(&p);
    cr_assert_eq(gradus_dataset_open(p.context, "line", NULL, &p.train, &p.test), GRADUS_OK);
    cr_expect(gradus_dataset_samples(p.train) == 100 && !p.test);
    cr_expect_str_eq(digest_of(p.train, hex), "d79d15f5544680fbd0e25cde5a84212645536507093dd36b7d6b8bc0a2ff475d");
    forget(&p);
    cr_assert_eq(gradus_dataset_open(p.context, "line:100000", NULL, &p.train, &p.test), GRADUS_OK);
    double x = 0, y = 0, xx = 0, xy = 0, squares = 0;
    const double n = 100000.0;
    for (size_t i = 0; i < 100000; i++) {
        const double a = (double)input(p.train, i, 0), b = target(p.train, i);
        cr_assert(a >= 0.0 && a < 2.0);
        x += a, y += b, xx += a * a, xy += a * b;
        squares += (b - 4.0 - 3.0 * a) * (b - 4.0 - 3.0 * a);
    }
    const double slope = (n * xy - x * y) / (n * xx - x * x), start = (y - slope * x) / n;
    cr_expect(fabs(slope - 3.0) < 0.03 && fabs(start - 4.0) < 0.03 && fabs(squares / n - 1.0) < 0.03, "%g %g %g", slope, start, squares / n);
    static const char *const bad[] = {"line:", "line:0", "line:1.5", "line:x", "line:1e9", "line:-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        forget(&p);
        cr_expect_eq(gradus_dataset_open(p.context, bad[i], NULL, &p.train, &p.test), GRADUS_INVALID_ARGUMENT, "%s", bad[i]);
    }
    leave(&p);
}

Test(splits, the_moons_are_half_circles) {
    place p;
    char hex[65];
    arrive(&p);
    cr_assert_eq(gradus_dataset_open(p.context, "moons", NULL, &p.train, &p.test), GRADUS_OK);
    cr_expect(gradus_dataset_samples(p.train) == 1000 && gradus_dataset_samples(p.test) == 500 && gradus_dataset_is_test(p.test));
    cr_expect_str_eq(digest_of(p.train, hex), "76e2e5a23e28555f94139f18cb299a381081ebc7da445e3ee4010265acd53f90");
    cr_expect_str_eq(digest_of(p.test, hex), "06c776998ab9dbc21da561b42a01c276d81e27a038564946e9c32ba78332ce90");
    for (size_t i = 0; i < 1000; i++) {
        const bool lower = target(p.train, i) == 1.0;
        const double x = (double)input(p.train, i, 0) - (lower ? 1.0 : 0.0), y = (double)input(p.train, i, 1) - (lower ? 0.5 : 0.0);
        cr_expect(fabs(sqrt(x * x + y * y) - 1.0) < 0.45 && (lower ? y < 0.45 : y > -0.45));
    }
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 1), "x2");
    leave(&p);
}
