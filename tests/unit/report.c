/* Reports from inside: axes, escaping, pictures, thinned curves, memory that runs out, folders that are not there.
 * links: report */
#include "report/report.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "counting.h"
#include "report/axis.h"
#include "report/markup.h"
#include "report/plots.h"
#include "report/png.h"
#include "report/progress.h"

static const gradus_allocator *allocator(void) {
    static gradus_allocator a;
    a = gd_default_allocator();
    return &a;
}

static gd_range range_of(double a, double b) {
    gd_range range = {.any = false};
    gd_range_add(&range, a);
    gd_range_add(&range, b);
    return range;
}

static void check_labels(const gd_axis *axis, const char *const *labels, size_t count) {
    cr_assert_eq(axis->count, count, "%zu ticks, first %s", axis->count, axis->labels[0]);
    for (size_t i = 0; i < count; i++) cr_expect_str_eq(axis->labels[i], labels[i]);
}

#define CHECK_LABELS(axis, ...) \
    do { \
        const char *const labels[] = {__VA_ARGS__}; \
        gd_axis checked = axis; \
        check_labels(&checked, labels, sizeof labels / sizeof *labels); \
    } while (0)

Test(axis, round_numbers) {
    gd_range a = range_of(0.03, 2.31), b = range_of(-120.0, 260.0), c = range_of(0.9101, 0.9199), flat = range_of(5.0, 5.0),
             zero = range_of(0.0, 0.0);
    gd_range small = range_of(1e-9, 4e-9), large = range_of(0.0, 3e12), none = {.any = false}, close = range_of(1000000.1, 1000000.3);
    CHECK_LABELS(gd_axis_linear(&a, 5), "0", "0.5", "1.0", "1.5", "2.0", "2.5");
    CHECK_LABELS(gd_axis_linear(&b, 5), "-200", "-100", "0", "100", "200", "300");
    CHECK_LABELS(gd_axis_linear(&c, 5), "0.910", "0.912", "0.914", "0.916", "0.918", "0.920");
    CHECK_LABELS(gd_axis_linear(&flat, 5), "4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6");
    CHECK_LABELS(gd_axis_linear(&zero, 5), "-0.6", "-0.4", "-0.2", "0", "0.2", "0.4", "0.6");
    CHECK_LABELS(gd_axis_linear(&small, 4), "1e-09", "2e-09", "3e-09", "4e-09");
    CHECK_LABELS(gd_axis_linear(&large, 4), "0", "1e+12", "2e+12", "3e+12");
    CHECK_LABELS(gd_axis_linear(&none, 5), "0", "0.2", "0.4", "0.6", "0.8", "1.0");
    CHECK_LABELS(gd_axis_linear(&close, 5), "1000000.10", "1000000.15", "1000000.20", "1000000.25", "1000000.30");
}

Test(axis, logarithmic) {
    gd_range six = range_of(1.5e-4, 70.0), one = range_of(0.02, 0.2), many = range_of(1e-30, 1e30), with_zero = range_of(0.0, 0.5);
    CHECK_LABELS(gd_axis_logarithmic(&six), "0.0001", "0.001", "0.01", "0.1", "1", "10", "100");
    CHECK_LABELS(gd_axis_logarithmic(&one), "0.02", "0.05", "0.1", "0.2");
    CHECK_LABELS(gd_axis_logarithmic(&many), "1e-22", "1e-11", "1", "1e11", "1e22");
    CHECK_LABELS(gd_axis_logarithmic(&with_zero), "0.5", "1");
    gd_axis axis = gd_axis_logarithmic(&six);
    cr_expect(fabs(gd_axis_share(&axis, 0.1) - 0.5) < 1e-9);
    cr_expect_eq(gd_axis_share(&axis, 0.0), 0.0);
    cr_expect_eq(gd_axis_share(&axis, 1e9), 1.0);
}

Test(axis, counts) {
    CHECK_LABELS(gd_axis_counts(1), "1");
    CHECK_LABELS(gd_axis_counts(2), "1", "2");
    CHECK_LABELS(gd_axis_counts(7), "1", "2", "3", "4", "5", "6", "7");
    CHECK_LABELS(gd_axis_counts(1000), "1", "100", "200", "300", "400", "500", "600", "700", "800", "900", "1000");
    gd_axis one = gd_axis_counts(1);
    cr_expect_eq(one.shares[0], 0.5);
}

/* No range makes an axis that is endless, upside down or not a number. */
Test(axis, any_range) {
    static const double values[] = {0.0,        -0.0, 1e-320, -1e-320, 1e-300,  1e-20,    1.0,      1.0 + 1e-15, -1.0,
                                    123456.789, 1e15, -1e15,  1e300,   1.7e308, -1.7e308, INFINITY, NAN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            gd_range range = range_of(values[i], values[k]);
            for (int logarithmic = 0; logarithmic < 2; logarithmic++) {
                if (logarithmic && range.least_positive == 0.0) continue;
                gd_axis axis = logarithmic ? gd_axis_logarithmic(&range) : gd_axis_linear(&range, 5);
                cr_expect(axis.low < axis.high && isfinite(axis.high - axis.low), "%g %g: %g..%g", values[i], values[k], axis.low, axis.high);
                cr_expect(axis.count >= 1 && axis.count <= GD_AXIS_TICKS, "%g %g: %zu ticks", values[i], values[k], axis.count);
                for (size_t t = 0; t + 1 < axis.count; t++) cr_expect_lt(axis.shares[t], axis.shares[t + 1]);
                if (isfinite(values[i])) cr_expect(gd_axis_share(&axis, values[i]) >= 0.0 && gd_axis_share(&axis, values[i]) <= 1.0);
            }
        }
    }
}

static void check_text(gd_writer *out, const char *expected) {
    gd_write_bytes(out, "", 1);
    cr_assert_not(out->failed);
    cr_expect_str_eq((const char *)out->data, expected);
    gd_writer_free(out);
}

Test(markup, escapes) {
    gd_writer out = gd_writer_make(allocator());
    gd_write_escaped(&out, "<a href=\"x\" id='y'>&amp;</a>");
    check_text(&out, "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
    gd_write_escaped(&out, "\x80 \xc3 \x01\x7f \xc2\x85 \xe2\x80\xae \xef\xbf\xbf \xed\xa0\x80");
    check_text(&out,
               "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    gd_write_escaped(&out, "a\nb\tc\rd \xc3\xa4 \xf0\x9f\x98\x80");
    check_text(&out, "a b c d \xc3\xa4 \xf0\x9f\x98\x80");
}

Test(markup, shortens) {
    static const char ellipsis[] = "abc\xe2\x80\xa6";
    gd_writer out = gd_writer_make(allocator());
    gd_write_shortened(&out, "abcd", 4);
    check_text(&out, "abcd");
    gd_write_shortened(&out, "abcde", 4);
    check_text(&out, ellipsis);
    gd_write_shortened(&out, "<<<<<", 3);
    check_text(&out, "&lt;&lt;\xe2\x80\xa6");
    gd_write_shortened(&out, "\xe3\x81\x9f\xe3\x82\x93\xe3\x81\xbd", 5); /* three characters of two columns */
    check_text(&out, "\xe3\x81\x9f\xe3\x82\x93\xe2\x80\xa6");
    cr_expect_eq(gd_text_columns("\xc3\xa4\xe3\x81\x9fx"), 4);
}

Test(markup, fields) {
    gd_writer out = gd_writer_make(allocator());
    gd_write_markup(&out, "<i a=\"%s\">%n %n %n|%g %g %g %g|%u%%</i>", "\"", 1.25, -0.01, 100.0, 0.1234567, 123456.4, 1.5e-7, NAN, (size_t)7);
    check_text(&out, "<i a=\"&quot;\">1.2 0 100|0.1235 123456 1.5e-07 not finite|7%</i>");
    gd_write_markup(&out, "%s", (const char *)NULL);
    check_text(&out, "");
}

Test(markup, base64) {
    static const char *const expected[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"}; /* RFC 4648 */
    for (size_t n = 0; n <= 6; n++) {
        gd_writer out = gd_writer_make(allocator());
        gd_write_base64(&out, (const uint8_t *)"foobar", n);
        check_text(&out, expected[n]);
    }
}

/* More than one stored block. */
Test(png, large_picture) {
    enum { HEIGHT = 300, WIDTH = 500 };
    static uint8_t pixels[HEIGHT * WIDTH];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 7 + i / 256);
    gd_writer out = gd_writer_make(allocator());
    gd_png_write(&out, pixels, HEIGHT, WIDTH);
    cr_assert_not(out.failed);
    cr_assert_arr_eq(out.data, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\xf4\0\0\x01\x2c\x08\0\0\0\0", 29);
    cr_assert_arr_eq(out.data + out.size - 12, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
    const uint8_t *block = out.data + 8 + 25 + 8 + 2; /* signature, IHDR, IDAT's head, zlib's head */
    size_t left = HEIGHT * (WIDTH + 1), at = 0;
    while (left > 0) {
        size_t n = block[1] | (size_t)block[2] << 8;
        cr_assert_eq(block[0], n == left);
        cr_assert_eq((block[3] | block[4] << 8) ^ 0xFFFF, (int)n);
        for (size_t i = 0; i < n; i++, at++) {
            size_t row = at / (WIDTH + 1), column = at % (WIDTH + 1);
            cr_assert_eq(block[5 + i], column == 0 ? 0 : pixels[row * WIDTH + column - 1]);
        }
        left -= n;
        block += 5 + n;
    }
    gd_writer_free(&out);
}

/* Of many epochs few are drawn, but every extreme. */
Test(curves, extremes_stay) {
    enum { EPOCHS = 100000 };
    double *loss = malloc(EPOCHS * sizeof *loss);
    for (size_t i = 0; i < EPOCHS; i++) loss[i] = 1.0;
    loss[54321] = 9.0;
    loss[77777] = 0.0;
    gd_plots plots = {.count = 0};
    gd_report_history history = {.epochs = EPOCHS, .train_loss = loss};
    cr_assert(gd_plots_curves(&plots, allocator(), &history));
    cr_assert_eq(plots.count, 1);
    gd_writer *svg = &plots.list[0].svg;
    gd_write_bytes(svg, "", 1);
    cr_expect_lt(svg->size, 40000);
    cr_expect(strstr((const char *)svg->data, "least 0 (epoch 77778), greatest 9 (epoch 54322)") != NULL);
    cr_expect(strstr((const char *)svg->data, "100000 epochs") != NULL);
    gd_plots_free(&plots);
    free(loss);
}

static const double history_loss[] = {2.0, 1.0, 0.001, 0.001, 0.001}, history_valid[] = {2.5, NAN, 1.0, INFINITY, 0.5};
static const uint64_t counts[] = {5, 1, 0, 7};
static const uint8_t picture[] = {0, 255, 128, 7};
static const gd_report_mistake mistake = {picture, 0, 1, 0.75};
static const float numbers[] = {1, 2, 3, 4};
static const gd_report_target target = {.name = "y",
                                        .samples = 4,
                                        .stride = 1,
                                        .truth = numbers,
                                        .predicted = numbers,
                                        .feature = numbers,
                                        .grid = 4,
                                        .grid_feature = numbers,
                                        .grid_predicted = numbers};
static const gd_report_series series = {"accuracy", "valid", history_valid};

static gd_report full_report(void) {
    gd_report report = {.title = "title", .targets = &target, .target_count = 1};
    report.history = (gd_report_history){.epochs = 5, .train_loss = history_loss, .valid_loss = history_valid, .learning_rate = history_loss};
    report.history.metrics = &series;
    report.history.metric_count = 1;
    report.classes = (gd_report_classes){2, NULL, counts};
    report.pictures = (gd_report_pictures){2, 2, 1, &mistake};
    return report;
}

static void make_folder(char folder[64]) {
    strcpy(folder, "/tmp/gradus-report-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(const char *folder) {
    static const char *const names[] = {"report.html", "loss.svg", "accuracy.svg", "learning-rate.svg", "confusion.svg", "fit.svg", "predicted.svg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    cr_assert_eq(rmdir(folder), 0, "something else was left in %s", folder);
}

/* Whichever allocation is refused: an error, and nothing is lost. */
Test(report, memory_runs_out) {
    char folder[64];
    make_folder(folder);
    gd_report report = full_report();
    size_t refused = 0;
    for (size_t at = 1;; at++) {
        counting c;
        gradus_context_config config = counting_config(&c, 1);
        gradus_context *context;
        cr_assert_eq(gradus_context_create(&config, &context), GRADUS_OK);
        c.asked = 0;
        c.refuse_at = at;
        gradus_status status = gd_report_write(context, folder, &report);
        if (!c.refused) cr_assert_eq(status, GRADUS_OK);
        if (c.refused) cr_assert_eq(status, GRADUS_OUT_OF_MEMORY, "allocation %zu", at);
        gradus_context_destroy(context);
        counting_check(&c);
        if (!c.refused) break;
        refused++;
    }
    cr_expect_gt(refused, 10);
    remove_folder(folder);
}

Test(report, a_folder_that_is_not_there) {
    gradus_context *context;
    gd_report report = full_report();
    cr_assert_eq(gradus_context_create(NULL, &context), GRADUS_OK);
    cr_expect_eq(gd_report_write(context, "/tmp/gradus-no-such-folder", &report), GRADUS_IO);
    cr_expect(strstr(gradus_context_message(context), "/tmp/gradus-no-such-folder/loss.svg") != NULL, "%s", gradus_context_message(context));
    char *long_path = malloc(70000);
    memset(long_path, 'x', 69999);
    long_path[69999] = 0;
    cr_expect_eq(gd_report_write(context, long_path, &report), GRADUS_IO);
    free(long_path);
    gradus_context_destroy(context);
}

/* Without classes, pictures of no size, rows without samples. */
Test(report, odd_input) {
    static const uint64_t none[9] = {0};
    char folder[64];
    gradus_context *context;
    make_folder(folder);
    cr_assert_eq(gradus_context_create(NULL, &context), GRADUS_OK);
    gd_report report = {.seconds = INFINITY, .classes = {3, NULL, none}, .pictures = {0, 0, 1, &mistake}};
    cr_expect_eq(gd_report_write(context, folder, &report), GRADUS_OK);
    report = (gd_report){.classes = {1, NULL, none}, .targets = &(const gd_report_target){.name = NULL}, .target_count = 1};
    cr_expect_eq(gd_report_write(context, folder, &report), GRADUS_OK);
    gradus_context_destroy(context);
    remove_folder(folder);
}

Test(progress, rates) {
    static const struct {
        double rate;
        const char *text;
    } cases[] = {{0.0, "0"}, {999.4, "999"}, {1234.0, "1.2k"}, {123456.0, "123.5k"}, {1234567.0, "1.23M"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        gd_print_rate(text, cases[i].rate);
        cr_expect_str_eq(text, cases[i].text);
    }
}

Test(progress, a_line_an_epoch_with_metrics) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = tmpfile();
    cr_assert_not_null(out);
    gd_progress_view view = gd_progress_begin(out, 1000, 200);
    gd_progress_resume(&view, 100, 0);
    gradus_progress progress = {sizeof progress, 2, 2, 150, 100, 500, 1e-6};
    static const gd_progress_metric metrics[] = {{"val_loss", 0.25}, {"val_accuracy", NAN}};
    gd_progress_step(&view, &progress); /* no terminal: nothing */
    gd_progress_epoch(&view, &progress, metrics, 2);
    progress.step = 200;
    gd_progress_epoch(&view, &progress, NULL, 0);
    gd_progress_end(&view);
    size = (size_t)ftell(out);
    text = calloc(size + 1, 1);
    rewind(out);
    cr_assert_eq(fread(text, 1, size, out), size);
    cr_expect(strncmp(text, "epoch 2/2  loss 1e-06  val_loss 0.2500  val_accuracy nan  ", 58) == 0, "%s", text);
    cr_expect(strstr(text, " samples/s  ETA 0:00\nepoch 2/2  loss 1e-06  ") != NULL, "%s", text);
    cr_expect(strcmp(text + size - 11, " samples/s\n") == 0, "%s", text);
    fclose(out);
    free(text);
}
