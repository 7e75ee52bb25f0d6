/* The report of a finished run: report.html, which needs nothing but itself, and its plots as SVG files beside it. */
#ifndef GD_REPORT_REPORT_H
#define GD_REPORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

/* Everything is the caller's and is only read. Texts are UTF-8 from anywhere (names of files, columns, classes): they are escaped, and what is not
 * UTF-8 is replaced. A NULL text or array is absent, and so is a value that is NaN. Numbers may be infinite or NaN anywhere. */

typedef struct gd_report_line {
    const char *key, *value;
} gd_report_line;

typedef struct gd_report_score {
    const char *name; /* "loss", "accuracy", "rmse", ... */
    double value;
} gd_report_score;

/* Final scores over one set. */
typedef struct gd_report_set {
    const char *name; /* "train", "valid", "test" */
    uint64_t samples;
    const gd_report_score *scores;
    size_t score_count;
} gd_report_set;

/* A metric over the epochs. Series of the same metric share a plot, METRIC.svg. */
typedef struct gd_report_series {
    const char *metric, *set;
    const double *values; /* [epochs] */
} gd_report_series;

typedef struct gd_report_history {
    size_t epochs;
    const double *train_loss, *valid_loss, *learning_rate; /* [epochs] each */
    const gd_report_series *metrics;
    size_t metric_count;
    size_t best_epoch; /* 1 .. epochs: the one whose weights were kept; 0: the last */
} gd_report_history;

typedef struct gd_report_classes {
    size_t count;
    const char *const *names;  /* [count]; NULL: their numbers */
    const uint64_t *confusion; /* [true][predicted] */
} gd_report_classes;

typedef struct gd_report_mistake {
    const uint8_t *pixels; /* [height][width], 0 black .. 255 white */
    size_t truth, predicted;
    double probability; /* of the predicted class */
} gd_report_mistake;

typedef struct gd_report_pictures {
    size_t height, width, count;
    const gd_report_mistake *mistakes; /* [count], worst first */
} gd_report_pictures;

/* A regression's target. Of more than 2,000 samples 2,000 are drawn, evenly spread. */
typedef struct gd_report_target {
    const char *name;
    size_t samples, stride; /* truth and predicted: `stride` floats from sample to sample */
    const float *truth, *predicted;
    const float *feature; /* nets of one input: [samples]; with the net's line over [grid] inputs in rising order, predictions `stride` apart */
    size_t grid;
    const float *grid_feature, *grid_predicted;
} gd_report_target;

typedef struct gd_report {
    const char *title;
    const gd_report_line *configuration;
    size_t configuration_count;
    const char *weights_sha256, *isa, *version;
    uint32_t threads;
    double seconds, samples_per_second;
    gd_report_history history;
    const gd_report_set *sets;
    size_t set_count;
    const char *scored_set; /* what classes, pictures and targets are about: "test", ... */
    gd_report_classes classes;
    gd_report_pictures pictures;
    const char *feature_name; /* of the one input */
    const gd_report_target *targets;
    size_t target_count;
} gd_report;

/* Writes FOLDER/report.html and the plots that apply: loss.svg, METRIC.svg (letters, digits, '-' and '_' of its name), learning-rate.svg,
 * confusion.svg, predicted.svg and fit.svg (predicted-2.svg, ... for further targets). Each file is replaced atomically, the page last. The same
 * input gives the same bytes. Errors: OUT_OF_MEMORY, IO; what was written before stays. */
gradus_status gd_report_write(gradus_context *context, const char *folder, const gd_report *report);

#endif
