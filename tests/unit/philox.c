/* Random numbers: published known answers, the counter's layout, uniforms, normals, shuffles. links: libm */
#include "base/philox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

/* From Random123's kat_vectors. */
Test(philox, known_answers) {
    const struct {
        uint32_t key[2], counter[4], expected[4];
    } answers[] = {
        {{0, 0}, {0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        uint32_t out[4];
        gd_philox(answers[i].key, answers[i].counter, out);
        cr_expect_arr_eq(out, answers[i].expected, sizeof out, "known answer %zu", i);
    }
}

/* key = (seed low, seed high xor step high); counter = (e low, e high, step low, stream), e = element >> 2. */
Test(philox, layout_of_key_and_counter) {
    gd_stream stream = gd_stream_make(0x0123456789abcdef, 0xfedcba9876543210, 5, GD_PURPOSE_NOISE);
    const uint32_t key[2] = {0x89abcdef, 0x01234567 ^ 0xfedcba98};
    uint64_t element = 0x3ffffffff0000002u * 4;
    const uint32_t counter[4] = {0xf0000002, 0x3fffffff, 0x76543210, 5 * 16 + 5};
    uint32_t expected[4], words[4];
    gd_philox(key, counter, expected);
    gd_random_block(stream, element >> 2, words);
    cr_expect_arr_eq(words, expected, sizeof words);
    for (int i = 0; i < 4; i++) cr_expect_eq(gd_random_word(stream, element + (uint64_t)i), expected[i]);
}

Test(philox, uniform) {
    cr_expect_eq(gd_uniform(0), 0.0f);
    cr_expect_eq(gd_uniform(0xff), 0.0f);
    cr_expect_eq(gd_uniform(0x100), 0x1p-24f);
    cr_expect_eq(gd_uniform(0xffffffff), 1.0f - 0x1p-24f);
}

/* 256 cells, 255 degrees of freedom: mean 255, deviation 22.6; the test allows five. One cell's worth of bias of 3 % would show. */
Test(philox, uniforms_are_even) {
    enum { DRAWS = 1 << 19, CELLS = 256 };
    static unsigned cells[CELLS], pairs[CELLS];
    gd_stream stream = gd_stream_make(1, 2, 3, GD_PURPOSE_INIT);
    float before = 0.0f;
    for (uint64_t i = 0; i < DRAWS; i++) {
        float u = gd_uniform(gd_random_word(stream, i));
        cells[(int)(u * CELLS)]++;
        pairs[(int)(before * 16.0f) * 16 + (int)(u * 16.0f)]++;
        before = u;
    }
    double expected = (double)DRAWS / CELLS, chi_square = 0.0, of_pairs = 0.0;
    for (int i = 0; i < CELLS; i++) {
        chi_square += (cells[i] - expected) * (cells[i] - expected) / expected;
        of_pairs += (pairs[i] - expected) * (pairs[i] - expected) / expected;
    }
    cr_expect(chi_square > 142.0 && chi_square < 368.0, "chi-square %g", chi_square);
    cr_expect(of_pairs > 142.0 && of_pairs < 368.0, "chi-square of neighbours %g", of_pairs);
}

Test(philox, normals_by_the_formula) {
    gd_stream stream = gd_stream_make(9, 8, 7, GD_PURPOSE_INIT);
    const double pi = 3.14159265358979323846;
    for (uint64_t i = 0; i < 20000; i += 2) {
        double first = ((gd_random_word(stream, i) >> 8) + 1) / 16777216.0, second = (gd_random_word(stream, i + 1) >> 8) / 16777216.0;
        double radius = sqrt(-2.0 * log(first));
        cr_assert_float_eq(gd_normal(stream, i), radius * cos(2.0 * pi * second), 1e-14);
        cr_assert_float_eq(gd_normal(stream, i + 1), radius * sin(2.0 * pi * second), 1e-14);
    }
}

Test(philox, normals_have_normal_moments) {
    enum { DRAWS = 200000 };
    gd_stream stream = gd_stream_make(4, 0, 0, GD_PURPOSE_INIT);
    double moments[5] = {0}, product = 0.0, before = 0.0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = gd_normal(stream, i), power = 1.0;
        for (int k = 0; k < 5; k++, power *= x) moments[k] += power / DRAWS;
        product += x * before / DRAWS;
        before = x;
    }
    /* five deviations: sqrt(1, 2, 15, 96, 1 over DRAWS) */
    double unit = 5.0 / sqrt((double)DRAWS);
    cr_expect_float_eq(moments[1], 0.0, unit);
    cr_expect_float_eq(moments[2], 1.0, unit * sqrt(2.0));
    cr_expect_float_eq(moments[3], 0.0, unit * sqrt(15.0));
    cr_expect_float_eq(moments[4], 3.0, unit * sqrt(96.0));
    cr_expect_float_eq(product, 0.0, unit);
}

/* Section 9 once more, in 64-bit arithmetic and word by word. Counts the rejected words. */
static void shuffle_by_the_text(gd_stream stream, uint32_t *order, uint64_t n, unsigned rejections[4]) {
    for (uint64_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (uint64_t i = n; i > 1;) {
        i--;
        uint64_t u = 0;
        int word;
        for (word = 0; word < 4; word++) {
            u = gd_random_word(stream, 4 * i + (uint64_t)word);
            if (u * (i + 1) % 4294967296u >= 4294967296u % (i + 1)) break;
        }
        if (word > 0) rejections[word < 4 ? word : 3]++;
        uint64_t j = u * (i + 1) / 4294967296u;
        uint32_t kept = order[j];
        order[j] = order[i];
        order[i] = kept;
    }
}

static void expect_shuffle(gd_stream stream, size_t n, unsigned rejections[4]) {
    uint32_t *order = malloc(2 * n * sizeof *order), *expected = order + n;
    uint8_t *seen = calloc(n, 1);
    gd_shuffle(stream, order, n);
    shuffle_by_the_text(stream, expected, n, rejections);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (order[i] < n && !seen[order[i]]) seen[order[i]] = 1, distinct++;
    cr_expect_eq(distinct, n, "not a permutation of %zu", n);
    cr_expect(memcmp(order, expected, n * sizeof *order) == 0, "%zu items", n);
    free(seen);
    free(order);
}

Test(philox, shuffle) {
    unsigned rejections[4] = {0};
    uint32_t untouched = 5;
    gd_shuffle(gd_stream_make(1, 0, 0, GD_PURPOSE_SHUFFLE), &untouched, 0);
    cr_expect_eq(untouched, 5);
    for (size_t n = 1; n < 70; n++) expect_shuffle(gd_stream_make(n, 3, 0, GD_PURPOSE_SHUFFLE), n, rejections);
    expect_shuffle(gd_stream_make(77, 1, 1, GD_PURPOSE_SHUFFLE), 500000, rejections);
    cr_expect(rejections[1] > 0, "the test met no rejected word");
}

/* The first step of this shuffle (found by a search of 835,922,039 seeds) meets three rejected words, so the fourth counts; no later step moves the
 * last item. */
Test(philox, shuffle_after_three_rejections) {
    enum { ITEMS = 4190212 };
    gd_stream stream = gd_stream_make(835922039, 0, 0, GD_PURPOSE_SHUFFLE);
    uint32_t words[4];
    gd_random_block(stream, ITEMS - 1, words);
    for (int i = 0; i < 3; i++) cr_assert_lt((uint64_t)words[i] * ITEMS % 4294967296u, 4294967296u % ITEMS);
    uint32_t *order = malloc(ITEMS * sizeof *order);
    gd_shuffle(stream, order, ITEMS);
    cr_expect_eq(order[ITEMS - 1], (uint64_t)words[3] * ITEMS / 4294967296u);
    free(order);
}

/* Each of the 24 orders of four items as often as any other: 23 degrees of freedom, mean 23, deviation 6.8. */
Test(philox, shuffles_are_even) {
    enum { DRAWS = 48000 };
    unsigned seen[256] = {0};
    for (uint64_t step = 0; step < DRAWS; step++) {
        uint32_t order[4];
        gd_shuffle(gd_stream_make(11, step, 0, GD_PURPOSE_SHUFFLE), order, 4);
        seen[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
    }
    double chi_square = 0.0, expected = DRAWS / 24.0;
    unsigned orders = 0;
    for (int i = 0; i < 256; i++) {
        if (seen[i] == 0) continue;
        orders++;
        chi_square += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    cr_expect_eq(orders, 24u);
    cr_expect(chi_square < 58.0, "chi-square %g", chi_square);
}

/* Blocks drawn together are those drawn one by one. */
Test(philox, many_blocks) {
    const gd_stream stream = gd_stream_make(0x123456789abcdef0u, 0xfedcba9876543210u, 77, GD_PURPOSE_DROPOUT);
    static const uint64_t places[] = {0, 5, 0xfffffffeu, UINT64_MAX >> 2};
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++)
        for (size_t count = 0; count < 20; count++) {
            uint32_t many[21][4], one[4];
            memset(many, 0xa5, sizeof many);
            gd_random_blocks(stream, places[p], count, many);
            for (size_t i = 0; i < count; i++) {
                gd_random_block(stream, places[p] + i, one);
                cr_assert(memcmp(one, many[i], sizeof one) == 0, "block %zu of %zu", i, count);
            }
            cr_assert_eq(many[count][0], 0xa5a5a5a5u);
        }
}
