/* Events and lines that more than one command prints. */
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"

FILE *gd_output_progress(const gd_arguments *arguments) {
    if (arguments->quiet) return NULL;
    return arguments->json ? stderr : stdout;
}

void gd_event_begin(gd_event *event, const char *name) {
    event->allocator = gd_default_allocator();
    event->text = gd_writer_make(&event->allocator);
    event->json = (gd_json_writer){&event->text, false};
    gd_json_begin_object(&event->json, NULL);
    gd_json_string(&event->json, "event", name);
}

void gd_event_end(gd_event *event) {
    gd_json_end_object(&event->json);
    gd_write_text(&event->text, "\n");
    if (!event->text.failed) fwrite(event->text.data, 1, event->text.size, stdout);
    fflush(stdout);
    gd_writer_free(&event->text);
}

/* JSON has no NaN: what does not apply is absent. */
static void write_finite(gd_json_writer *json, const char *key, double value) {
    if (isfinite(value)) gd_json_number(json, key, value);
}

void gd_event_loss(gd_event *event, double loss, double penalty) {
    gd_json_number(&event->json, "loss", loss + penalty);
    if (penalty != 0.0) gd_json_number(&event->json, "data_loss", loss);
}

void gd_event_scores(gd_event *event, const char *key, const gradus_metrics *scores, double penalty) {
    gd_json_begin_object(&event->json, key);
    gd_event_loss(event, scores->loss, penalty);
    write_finite(&event->json, "accuracy", scores->accuracy);
    write_finite(&event->json, "f1", scores->f1);
    write_finite(&event->json, "rmse", scores->rmse);
    write_finite(&event->json, "mae", scores->mae);
    write_finite(&event->json, "r2", scores->r2);
    gd_json_end_object(&event->json);
}

void gd_event_evaluation(gd_event *event, const char *key, const gradus_evaluation *evaluation, double penalty) {
    gd_json_begin_object(&event->json, key);
    gd_event_loss(event, evaluation->loss, penalty);
    write_finite(&event->json, "accuracy", evaluation->accuracy);
    write_finite(&event->json, "f1", evaluation->f1);
    gd_json_end_object(&event->json);
}

void gd_print_scores(FILE *out, const char *label, const gradus_metrics *scores, const char *source) {
    fprintf(out, "%-8s loss %.4f", label, scores->loss);
    if (isfinite(scores->accuracy)) fprintf(out, "  accuracy %.4f  f1 %.4f", scores->accuracy, scores->f1);
    if (isfinite(scores->rmse)) fprintf(out, "  rmse %.4f  mae %.4f  r2 %.4f", scores->rmse, scores->mae, scores->r2);
    fprintf(out, "  (%" PRIu64 " samples of %s)\n", scores->samples, source);
}

void gd_print_net(FILE *out, const gradus_net *net) {
    fprintf(out, "%-8s %zu", "net", gradus_net_inputs(net));
    for (size_t i = 0; i < gradus_net_layer_count(net); i++) {
        gradus_layer layer = gradus_net_layer(net, i);
        fprintf(out, " -> %zu %s", layer.outputs, gradus_activation_name(layer.activation));
    }
    fprintf(out, ", %" PRIu64 " parameters\n", gradus_net_parameter_count(net));
}

void gd_print_means(FILE *out, const gd_means *means, const gd_arguments *arguments) {
    uint32_t threads = gradus_context_threads(means->context);
    fprintf(out, "%-8s %s (needs %s), %" PRIu32 " thread%s (%s) of %s\n", "kernels", gradus_context_isa(means->context), gd_means_isa_needs(means),
            threads, threads > 1 ? "s" : "", gradus_context_threads_reason(means->context),
            strcmp(arguments->threads_from, "openmp") == 0 ? "OpenMP" : "the pool");
}
