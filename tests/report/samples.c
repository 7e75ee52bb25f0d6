/* Writes reports of all kinds, each into a folder of its own. Usage: samples FOLDER   The folder must be there. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/detmath.h"
#include "report/report.h"

enum { EPOCHS = 3000, CLASSES = 300, SIDE = 28, PICTURES = 24, SAMPLES = 5000, GRID = 200 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static double train_loss[EPOCHS], valid_loss[EPOCHS], rate[EPOCHS], train_accuracy[EPOCHS], valid_accuracy[EPOCHS], error[EPOCHS];
static uint64_t confusion[CLASSES * CLASSES];
static uint8_t pixels[PICTURES][SIDE * SIDE];
static gd_report_mistake mistakes[PICTURES];
static float truth[SAMPLES * 3], predicted[SAMPLES * 3], feature[SAMPLES], grid_x[GRID], grid_y[GRID * 3];
static uint64_t state;

static double uniform(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static double noise(void) { return uniform() + uniform() + uniform() - 1.5; }

static const gd_report_line configuration[] = {
    {"data", "../data/mnist"},
    {"layers", "128:relu,10:softmax"},
    {"loss", "cross-entropy"},
    {"optimizer", "adam:lr=0.001"},
    {"batch_size", "32"},
    {"schedule", "cosine:warmup=2,final=0.00001"},
    {"normalize", "standard"},
    {"seed", "1"},
    {"early_stop", "patience=5,restore=best"},
    {"out", "/var/lib/gradus/runs/a-long-folder-name-that-goes-on-and-on/and-on-and-on/2024-recognition-of-handwritten-digits-number-0000042"},
};
static const gd_report_score train_scores[] = {{"loss", 0.0312}, {"accuracy", 0.9914}, {"f1", 0.9913}};
static const gd_report_score test_scores[] = {{"loss", 0.0718}, {"accuracy", 0.9781}, {"f1", 0.9779}, {"rmse", NAN}};
static const gd_report_set sets[] = {{"train", 18000, train_scores, COUNT(train_scores)}, {"test", 4000, test_scores, COUNT(test_scores)}};
static const gd_report_score fit_scores[] = {{"loss", 1.0237e-3}, {"rmse", 35.41}, {"mae", 1234567.0}, {"r2", 0.8336}};
static const gd_report_set fit_sets[] = {{"train", 5000, fit_scores, COUNT(fit_scores)}, {"valid", 500, fit_scores, COUNT(fit_scores)}};
static const gd_report_series accuracies[] = {
    {"accuracy", "train", train_accuracy}, {"accuracy", "valid", valid_accuracy}, {"f1", "valid", valid_accuracy}};

static const gd_report_series errors[] = {{"rmse", "valid", error}};

static gd_report base(const char *title, size_t epochs) {
    state = 1;
    for (size_t i = 0; i < epochs; i++) {
        double t = (double)i / (double)epochs;
        train_loss[i] = 2.3 * gd_exp(-5.0 * t) * (1.0 + 0.1 * noise()) + 0.02;
        valid_loss[i] = 2.3 * gd_exp(-4.0 * t) * (1.0 + 0.1 * noise()) + 0.08 + 0.1 * t;
        train_accuracy[i] = 1.0 - train_loss[i] / 4.0;
        valid_accuracy[i] = 1.0 - valid_loss[i] / 4.0;
        rate[i] = 0.0005 * (1.0 + gd_cos(3.14159265 * t));
    }
    gd_report report = {
        .title = title,
        .configuration = configuration,
        .configuration_count = COUNT(configuration),
        .weights_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        .isa = "avx2",
        .version = "0.7.0",
        .threads = 2,
        .seconds = 83.2,
        .samples_per_second = 123456.0,
        .sets = sets,
        .set_count = COUNT(sets),
        .scored_set = "test",
    };
    report.history = (gd_report_history){.epochs = epochs, .train_loss = train_loss, .valid_loss = valid_loss, .learning_rate = rate};
    report.history.metrics = accuracies;
    report.history.metric_count = COUNT(accuracies);
    return report;
}

static void confuse(gd_report *report, size_t count, const char *const *names, double size) {
    for (size_t t = 0; t < count; t++) {
        for (size_t p = 0; p < count; p++) {
            double share = t == p ? 0.9 + 0.1 * uniform() : uniform() < 0.4 ? uniform() * uniform() * 0.1 : 0.0;
            confusion[t * count + p] = (uint64_t)(share * size);
        }
    }
    report->classes = (gd_report_classes){count, names, confusion};
}

static void draw_pictures(gd_report *report) {
    for (size_t k = 0; k < PICTURES; k++) {
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            double x = (double)(i % SIDE) - 13.5, y = (double)(i / SIDE) - 13.5, r = gd_sqrt(x * x + y * y) - 5.0 - (double)(k % 5);
            double light = 255.0 * (1.5 - fabs(r) / 1.5);
            pixels[k][i] = light < 0.0 ? 0 : light > 255.0 ? 255 : (uint8_t)light;
        }
        mistakes[k] = (gd_report_mistake){pixels[k], k % 10, (k + 3) % 10, 1.0 - 0.01 * (double)k};
    }
    report->pictures = (gd_report_pictures){SIDE, SIDE, PICTURES, mistakes};
}

static gd_report digits(void) {
    gd_report report = base("mnist: 784-128-10, adam", 20);
    report.history.best_epoch = 17;
    confuse(&report, 10, NULL, 400.0);
    draw_pictures(&report);
    return report;
}

static gd_report iris(void) {
    static const char *const names[] = {"Iris-setosa", "Iris-versicolor", "Iris-virginica"};
    gd_report report = base("iris.csv", 100);
    confuse(&report, 3, names, 17.0);
    return report;
}

static gd_report one_epoch(void) {
    static const char *const names[] = {"genuine", "forged"};
    gd_report report = base("banknotes: one epoch", 1);
    confuse(&report, 2, names, 700.0);
    return report;
}

static gd_report two_epochs(void) {
    static const char *const names[] = {"Sonnenblume",
                                        "Löwenzahn",
                                        "Gänseblümchen",
                                        "たんぽぽの花のなまえ",
                                        "a very long name of a class that does not fit",
                                        "short",
                                        "x",
                                        "Rittersporn",
                                        "Vergissmeinnicht",
                                        "Mohn",
                                        "Enzian",
                                        "Alpenveilchen"};
    gd_report report = base("two epochs, twelve classes with names", 2);
    confuse(&report, COUNT(names), names, 12345.0);
    return report;
}

static gd_report many(void) {
    gd_report report = base("100 classes, 3,000 epochs, losses over six decades", EPOCHS);
    for (size_t i = 0; i < EPOCHS; i++) {
        double t = (double)i / EPOCHS;
        train_loss[i] = gd_exp(4.6 - 16.0 * t + 0.4 * noise());
        valid_loss[i] = gd_exp(4.6 - 11.0 * t + 0.4 * noise());
        rate[i] = 0.1 * gd_exp(-9.0 * t);
    }
    confuse(&report, 100, NULL, 50.0);
    return report;
}

static gd_report huge(void) {
    gd_report report = base("300 classes", 40);
    confuse(&report, CLASSES, NULL, 50.0);
    return report;
}

static gd_report not_finite(void) {
    gd_report report = base("a run that went wrong", 12);
    for (size_t i = 5; i < 12; i++) train_loss[i] = i % 3 == 0 ? INFINITY : i % 3 == 1 ? NAN : 1e30;
    for (size_t i = 0; i < 12; i++) {
        valid_loss[i] = i % 2 == 0 ? NAN : 1.5;
        valid_accuracy[i] = NAN;
        train_accuracy[i] = 0.1;
    }
    report.seconds = report.samples_per_second = NAN;
    report.set_count = 1;
    return report;
}

/* The samples' values of `count` targets, and what a net makes of them. */
static void regress(gd_report *report, gd_report_target *targets, size_t count, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        double x = uniform() * 120.0;
        feature[i] = (float)x;
        for (size_t k = 0; k < count; k++) {
            double y = 20.0 + 3.4 * x + 60.0 * noise() * (k == 0 ? 1.0 : 1e-5);
            truth[i * count + k] = (float)(k == 0 ? y : k == 1 ? y * 1e-7 : 1e6 + y * 0.001);
            predicted[i * count + k] = (float)(k == 0 ? 20.0 + 3.4 * x : k == 1 ? (y + 30.0 * noise()) * 1e-7 : 1e6 + (y + 30.0 * noise()) * 0.001);
        }
    }
    static const char *const names[] = {"total payment for all claims (thousand kronor)", "current [A]", "counter"};
    for (size_t k = 0; k < count; k++) {
        targets[k] = (gd_report_target){.name = names[k], .samples = samples, .stride = count, .truth = truth + k, .predicted = predicted + k};
    }
    report->sets = fit_sets;
    report->set_count = COUNT(fit_sets);
    report->targets = targets;
    report->target_count = count;
    report->scored_set = "train";
    report->history.metrics = errors;
    report->history.metric_count = COUNT(errors);
    for (size_t i = 0; i < report->history.epochs; i++) error[i] = 35.0 + 100.0 / (double)(i + 1);
}

static gd_report fit(void) {
    static gd_report_target target;
    gd_report report = base("auto-insurance.csv", 200);
    regress(&report, &target, 1, 63);
    for (size_t i = 0; i < GRID; i++) {
        grid_x[i] = (float)i * 120.0f / (GRID - 1);
        grid_y[i] = 20.0f + 3.4f * grid_x[i];
    }
    target.feature = feature;
    target.grid = GRID;
    target.grid_feature = grid_x;
    target.grid_predicted = grid_y;
    report.feature_name = "number of claims";
    return report;
}

static gd_report targets(void) {
    static gd_report_target three[3];
    gd_report report = base("three targets, 5,000 samples", 30);
    regress(&report, three, 3, SAMPLES);
    return report;
}

/* What would be markup, scripts or broken text if it were not escaped. */
static gd_report hostile(void) {
    static const char *const names[] = {"<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>",
                                        "' onload='alert(3)",        "]]><!--",
                                        "&lt;b&gt; &amp;",           "\x80\xff bytes",
                                        "\x01\x1b[31m\x7f",          "\xe2\x80\xaeright to left",
                                        "</title></svg></style>",    "line\nbreak\ttab %s%n"};
    static gd_report_line lines[] = {{"</td><script>alert(4)</script>", "<iframe src=//example.com>"}, {"a", "</style><style>*{display:none}"}};
    static gd_report_series series[] = {{"../../<b>accuracy", "<i>valid", valid_accuracy}};
    static gd_report_target target;
    gd_report report = base("</title><script>alert(0)</script>", 5);
    report.configuration = lines;
    report.configuration_count = COUNT(lines);
    report.weights_sha256 = report.isa = report.version = report.scored_set = "<u>\"'&";
    confuse(&report, COUNT(names), names, 9.0);
    draw_pictures(&report);
    regress(&report, &target, 1, 20);
    target.name = report.feature_name = "</text><a href=\"javascript:alert(5)\">";
    target.feature = target.grid_feature = feature;
    target.grid_predicted = predicted;
    target.grid = 20;
    report.scored_set = "<u>\"'&";
    report.history.metrics = series;
    return report;
}

static gd_report empty(void) { return (gd_report){.seconds = NAN, .samples_per_second = NAN}; }

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        gd_report (*make)(void);
    } all[] = {{"digits", digits},         {"iris", iris}, {"one-epoch", one_epoch}, {"two-epochs", two_epochs}, {"many", many},  {"huge", huge},
               {"not-finite", not_finite}, {"fit", fit},   {"targets", targets},     {"hostile", hostile},       {"empty", empty}};
    gradus_context *context = NULL;
    if (count != 2 || gradus_context_create(NULL, &context) != GRADUS_OK) return 2;
    int failed = 0;
    for (size_t i = 0; i < COUNT(all); i++) {
        char folder[4096];
        gd_report report = all[i].make();
        snprintf(folder, sizeof folder, "%s/%s", arguments[1], all[i].name);
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) return 2;
        if (gd_report_write(context, folder, &report) == GRADUS_OK) continue;
        fprintf(stderr, "%s\n", gradus_context_message(context));
        failed = 1;
    }
    gradus_context_destroy(context);
    return failed;
}
