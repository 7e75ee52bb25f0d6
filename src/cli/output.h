/* What the commands print: JSON events on stdout with --json, text otherwise. */
#ifndef GD_CLI_OUTPUT_H
#define GD_CLI_OUTPUT_H

#include <gradus/metrics.h>
#include <gradus/net.h>

#include "cli/means.h"
#include "format/json.h"

/* Where text goes: stdout, or stderr with --json; NULL with --quiet. */
FILE *gd_output_progress(const gd_arguments *arguments);

/* One line of JSON on stdout, built with gd_json_*: begin gives the open object, end prints it. */
typedef struct gd_event {
    gradus_allocator allocator;
    gd_writer text;
    gd_json_writer json;
} gd_event;

void gd_event_begin(gd_event *event, const char *name);
void gd_event_end(gd_event *event);

/* {"loss":..,"accuracy":..,"f1":..} or {"loss":..,"rmse":..,"mae":..,"r2":..} under `key`: what applies. The penalty on the weights is
 * part of "loss"; where there is one, "data_loss" is without. */
void gd_event_scores(gd_event *event, const char *key, const gradus_metrics *scores, double penalty);
void gd_event_evaluation(gd_event *event, const char *key, const gradus_evaluation *evaluation, double penalty);
void gd_event_loss(gd_event *event, double loss, double penalty);

/* "train    loss 0.0123  accuracy 0.9970  f1 0.9969  (10000 samples of digits)" */
void gd_print_scores(FILE *out, const char *label, const gradus_metrics *scores, const char *source);

/* "net      784 -> 128 relu -> 10 softmax, 101770 parameters" */
void gd_print_net(FILE *out, const gradus_net *net);

/* "kernels  avx2 (AVX2, FMA), 2 threads (affinity), lent by OpenMP" */
void gd_print_means(FILE *out, const gd_means *means, const gd_arguments *arguments);

#endif
