/* From a finished run to its report. */
#include "cli/run_report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"

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

/* The classes of the set that is shown; 0: there are none, or more than fit a page. */
static size_t shown_classes(const gd_run *run) {
    enum { MOST_CLASSES = 64 };
    const size_t count = gradus_dataset_classes(run->shown.set) > 0 ? gradus_net_classes(run->net) : 0;
    return count <= MOST_CLASSES ? count : 0;
}

static gradus_status add_classes(const gd_run *run, draft *d) {
    const size_t count = shown_classes(run);
    if (count == 0) return GRADUS_OK;
    d->class_names = calloc(count, sizeof *d->class_names);
    if (run->shown.confusion == NULL || d->class_names == NULL)
        return gd_fail(run->plan.means.context, GRADUS_OUT_OF_MEMORY, "no memory for the report");
    bool named = true;
    for (size_t i = 0; i < count; i++) {
        d->class_names[i] = gradus_schema_class_name(gradus_dataset_schema(run->shown.set), i);
        named = named && d->class_names[i] != NULL;
    }
    d->report.classes = (gd_report_classes){count, named ? d->class_names : NULL, run->shown.confusion};
    return GRADUS_OK;
}

static gradus_status add_samples(const gd_run *run, draft *d) {
    const gradus_dataset *set = run->shown.set;
    gradus_status status = gd_report_samples_make(run->plan.means.context, run->net, set, run->shown.outputs, &d->samples);
    d->report.pictures = (gd_report_pictures){gradus_dataset_height(set), gradus_dataset_width(set), d->samples.mistake_count, d->samples.mistakes};
    d->report.targets = d->samples.targets;
    d->report.target_count = d->samples.target_count;
    d->report.feature_name = gradus_schema_feature_name(gradus_dataset_schema(set), 0);
    return status;
}

static gradus_status fill(const gd_run *run, draft *d) {
    gradus_context *context = run->plan.means.context;
    const gd_train_plan *plan = &run->plan;
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
    gradus_status status = add_classes(run, d);
    return status == GRADUS_OK ? add_samples(run, d) : status;
}

/* A report that is there of a run that has made no step since says the same, but for the run's time. */
static bool is_due(const gd_run *run) {
    char path[PATH_MAX + 16];
    if (run->folder.path == NULL) return false;
    snprintf(path, sizeof path, "%s/report.html", run->folder.path);
    return run->trained || access(path, F_OK) != 0;
}

void gd_run_report_prepare(gd_run *run) {
    const gd_train_plan *plan = &run->plan;
    if (!is_due(run)) return;
    run->shown.set = plan->test != NULL ? plan->test : plan->valid != NULL ? plan->valid : plan->train;
    const size_t classes = shown_classes(run);
    if (classes > 0) run->shown.confusion = calloc(classes * classes, sizeof *run->shown.confusion);
    if (gd_report_samples_wanted(run->net, run->shown.set))
        run->shown.outputs = calloc(gradus_dataset_samples(run->shown.set), gradus_net_outputs(run->net) * sizeof *run->shown.outputs);
}

int gd_run_report(const gd_run *run) {
    if (run->shown.set == NULL) return GD_EXIT_DONE;
    draft d;
    memset(&d, 0, sizeof d);
    gradus_status status = fill(run, &d);
    if (status == GRADUS_OK) status = gd_report_write(run->plan.means.context, run->folder.path, &d.report);
    free(d.configuration);
    free(d.class_names);
    gd_history_free(&d.history);
    gd_report_samples_free(&d.samples);
    return status == GRADUS_OK ? GD_EXIT_DONE : gd_means_failed(&run->plan.means, run->plan.arguments, status);
}
