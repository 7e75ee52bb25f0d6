/* Loading models, opening data for them. */
#include "cli/saved_model.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <gradus/model.h>

#include "nn/loss.h"

/* A run's folder stands for the model in it. */
static void find_file(const char *path, char file[PATH_MAX]) {
    struct stat facts;
    snprintf(file, PATH_MAX, "%s", path);
    if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)) return;
    int length = snprintf(file, PATH_MAX, "%s/model.safetensors", path);
    if (length >= PATH_MAX || stat(file, &facts) != 0) snprintf(file, PATH_MAX, "%s", path);
}

static gradus_status read_schema(const gd_means *means, gd_saved_model *model, char *text) {
    gradus_status status = text != NULL ? gradus_schema_parse(means->context, text, strlen(text), &model->schema) : GRADUS_OK;
    gradus_text_release(means->context, text);
    return status;
}

int gd_saved_model_load(const gd_means *means, const gd_arguments *arguments, const char *path, gd_saved_model *model) {
    char *text, what[PATH_MAX + 400];
    memset(model, 0, sizeof *model);
    find_file(path, model->path);
    gradus_status status = gradus_model_load(means->context, model->path, &model->net, &text);
    if (status == GRADUS_OK) status = gradus_net_sha256(means->context, model->net, model->digest);
    if (status != GRADUS_OK) return gd_means_failed(means, arguments, status);
    if (read_schema(means, model, text) == GRADUS_OK) return GD_EXIT_DONE;
    snprintf(what, sizeof what, "%s: its schema: %.300s", model->path, gradus_context_message(means->context));
    return gd_complain(arguments->command, GD_EXIT_FAILED, what, "train it again, or take a copy that is not damaged");
}

void gd_saved_model_free(const gd_means *means, gd_saved_model *model) {
    gradus_net_destroy(means->context, model->net);
    gradus_schema_destroy(means->context, model->schema);
}

/* Whether samples and classes suit a net without a schema. */
static int check(const gd_arguments *arguments, const gd_saved_model *model, const gradus_dataset *set, uint32_t flags) {
    char what[PATH_MAX + 600];
    const char *remedy = "give data of the kind that the net is for", *source = gradus_dataset_source(set);
    size_t features = gradus_dataset_inputs(set).columns, inputs = gradus_net_inputs(model->net), classes = gradus_dataset_classes(set);
    size_t known = gd_loss_classes(gradus_net_loss(model->net), gradus_net_outputs(model->net));
    if (features != inputs) {
        snprintf(what, sizeof what, "%.400s: samples of %zu features, but %s takes %zu", source, features, model->path, inputs);
    } else if (classes > known && (flags & GRADUS_OPEN_TARGETS_OPTIONAL) == 0) {
        snprintf(what, sizeof what, "%.400s: %zu classes, but %s knows %zu", source, classes, model->path, known);
    } else {
        return GD_EXIT_DONE;
    }
    return gd_complain(arguments->command, GD_EXIT_FAILED, what, remedy);
}

static int open_plain(const gd_means *means, const gd_arguments *arguments, const gd_saved_model *model, const char *source, uint32_t flags,
                      gradus_dataset **set) {
    gradus_dataset *train, *test;
    gradus_status status = gradus_dataset_open(means->context, source, NULL, &train, &test);
    if (status != GRADUS_OK) return gd_means_failed(means, arguments, status);
    *set = test != NULL ? test : train;
    if (test != NULL) gradus_dataset_destroy(means->context, train);
    return check(arguments, model, *set, flags);
}

int gd_saved_model_open(const gd_means *means, const gd_arguments *arguments, const gd_saved_model *model, const char *source, uint32_t flags,
                        gradus_dataset **set) {
    *set = NULL;
    if (model->schema == NULL) return open_plain(means, arguments, model, source, flags, set);
    gradus_status status = gradus_dataset_open_as(means->context, source, model->schema, flags, set);
    if (status == GRADUS_OK) return GD_EXIT_DONE;
    char remedy[PATH_MAX + 80];
    snprintf(remedy, sizeof remedy, "gradus info %s shows what the model takes", model->path);
    return status == GRADUS_BAD_DATA ? gd_complain(arguments->command, GD_EXIT_FAILED, gradus_context_message(means->context), remedy)
                                     : gd_means_failed(means, arguments, status);
}
