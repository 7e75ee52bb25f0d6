/* From a finished run to its report. */
#include "cli/run_report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "cli/scores.h"

enum { LINES = 64, SETS = 3, SCORES = 6 };

/* A report while it is put together: what it points to. */
typedef struct draft {
    gd_report report;
    char *configuration;
    gd_report_line lines[LINES];
    gd_history_columns history;
    gd_report_series series[2];
    gd_report_set sets[SETS];
    gd_report_score scores[SETS][SCORES];
    const char **class_names;
    uint64_t *confusion;
    gd_report_samples samples;
    char title[400];
} draft;

/* "key = value" lines, in place. */
static bool add_configuration(const gd_run *run, draft *d) {
    char *rest;
    d->configuration = strdup((const char *)run->configuration.data);
    if (d->configuration == NULL) return false;
    for (char *line = strtok_r(d->configuration, "\n", &rest); line != NULL && d->report.configuration_count < LINES;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strstr(line, " = ");
        if (equals == NULL) continue;
        *equals = 0;
        d->lines[d->report.configuration_count++] = (gd_report_line){line, equals + 3};
    }
    d->report.configuration = d->lines;
    return true;
}

static bool add_history(const gd_run *run, draft *d) {
    if (!gd_history_read(run->folder.history_path, &d->history)) return false;
    gd_report_history *history = &d->report.history;
    history->epochs = d->history.epochs;
    history->train_loss = d->history.loss;
    history->valid_loss = d->history.valid_loss;
    history->learning_rate = d->history.learning_rate;
    history->metrics = d->series;
    if (d->history.accuracy != NULL) d->series[history->metric_count++] = (gd_report_series){"accuracy", "train", d->history.accuracy};
    if (d->history.valid_accuracy != NULL) d->series[history->metric_count++] = (gd_report_series){"accuracy", "valid", d->history.valid_accuracy};
    history->best_epoch = run->plan.config.restore_best ? (size_t)run->state.best_epoch : 0;
    return true;
}

static void add_set(draft *d, const char *name, const gradus_dataset *set, const gradus_metrics *m) {
    if (set == NULL) return;
    gd_report_score *scores = d->scores[d->report.set_count];
    const gd_report_score all[SCORES] = {{"loss", m->loss}, {"accuracy", m->accuracy}, {"f1", m->f1},
                                         {"rmse", m->rmse}, {"mae", m->mae},           {"r2", m->r2}};
    memcpy(scores, all, sizeof all);
    d->sets[d->report.set_count++] = (gd_report_set){name, m->samples, scores, SCORES};
    d->report.scored_set = name; /* the last one: what was trained on least */
}

static gradus_status add_classes(const gd_run *run, const gradus_dataset *set, draft *d) {
    gradus_context *context = run->plan.means.context;
    const size_t count = gradus_dataset_classes(set) > 0 ? gradus_net_classes(run->net) : 0;
    gradus_metrics_config config;
    gradus_metrics metrics;
    enum { MOST_CLASSES = 64 }; /* more do not fit a page */
    if (count == 0 || count > MOST_CLASSES) return GRADUS_OK;
    d->confusion = calloc(count * count, sizeof *d->confusion);
    d->class_names = calloc(count, sizeof *d->class_names);
    if (d->confusion == NULL || d->class_names == NULL) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "no memory for the report");
    bool named = true;
    for (size_t i = 0; i < count; i++) {
        d->class_names[i] = gradus_schema_class_name(gradus_dataset_schema(set), i);
        named = named && d->class_names[i] != NULL;
    }
    d->report.classes = (gd_report_classes){count, named ? d->class_names : NULL, d->confusion};
    gradus_metrics_config_init(&config);
    config.confusion = d->confusion;
    return gd_score(context, run->net, set, &config, &metrics);
}

static gradus_status add_samples(const gd_run *run, const gradus_dataset *set, draft *d) {
    gradus_status status = gd_report_samples_make(run->plan.means.context, run->net, set, &d->samples);
    d->report.pictures = (gd_report_pictures){gradus_dataset_height(set), gradus_dataset_width(set), d->samples.mistake_count, d->samples.mistakes};
    d->report.targets = d->samples.targets;
    d->report.target_count = d->samples.target_count;
    d->report.feature_name = gradus_schema_feature_name(gradus_dataset_schema(set), 0);
    return status;
}

static gradus_status fill(const gd_run *run, draft *d) {
    gradus_context *context = run->plan.means.context;
    const gd_train_plan *plan = &run->plan;
    const gradus_dataset *scored = plan->test != NULL ? plan->test : plan->valid != NULL ? plan->valid : plan->train;
    snprintf(d->title, sizeof d->title, "gradus: %.300s", gradus_dataset_source(plan->train));
    d->report.title = d->title;
    d->report.weights_sha256 = run->digest;
    d->report.isa = gradus_context_isa(context);
    d->report.version = gradus_version();
    d->report.threads = gradus_context_threads(context);
    d->report.seconds = run->seconds;
    d->report.samples_per_second = gd_run_samples_per_second(run);
    d->report.sets = d->sets;
    add_set(d, "train", plan->train, &run->train_scores);
    add_set(d, "valid", plan->valid, &run->valid_scores);
    add_set(d, "test", plan->test, &run->test_scores);
    if (!add_configuration(run, d) || !add_history(run, d))
        return gd_fail(context, GRADUS_IO, "%s: cannot be read back for the report", run->folder.history_path);
    gradus_status status = add_classes(run, scored, d);
    return status == GRADUS_OK ? add_samples(run, scored, d) : status;
}

int gd_run_report(const gd_run *run) {
    char path[PATH_MAX + 16];
    if (run->folder.path == NULL) return GD_EXIT_DONE;
    snprintf(path, sizeof path, "%s/report.html", run->folder.path);
    if (!run->trained && access(path, F_OK) == 0) return GD_EXIT_DONE; /* it says the same, but for the run's time */
    draft d;
    memset(&d, 0, sizeof d);
    gradus_status status = fill(run, &d);
    if (status == GRADUS_OK) status = gd_report_write(run->plan.means.context, run->folder.path, &d.report);
    free(d.configuration);
    free(d.class_names);
    free(d.confusion);
    gd_history_free(&d.history);
    gd_report_samples_free(&d.samples);
    return status == GRADUS_OK ? GD_EXIT_DONE : gd_means_failed(&run->plan.means, run->plan.arguments, status);
}
