/* gradus info MODEL: what a saved model takes and gives. */
#include <stdio.h>

#include "cli/output.h"
#include "cli/saved_model.h"
#include "format/utf8.h"

typedef const char *name_at(const gradus_schema *schema, size_t index);

/* "label    name, name, ..."; names from a file lose what could steer a terminal. */
static void print_names(const char *label, const gradus_schema *schema, size_t count, name_at *name) {
    if (count == 0 || name(schema, 0) == NULL) return;
    printf("%-8s ", label);
    for (size_t i = 0; i < count; i++) {
        char text[80];
        gd_copy_printable(text, sizeof text, name(schema, i));
        printf("%s%s", i > 0 ? ", " : "", text);
    }
    printf("\n");
}

static void write_names(gd_json_writer *json, const char *key, const gradus_schema *schema, size_t count, name_at *name) {
    if (count == 0 || name(schema, 0) == NULL) return;
    gd_json_begin_array(json, key);
    for (size_t i = 0; i < count; i++) gd_json_string(json, NULL, name(schema, i));
    gd_json_end_array(json);
}

static void print_event(const gd_saved_model *model) {
    gd_event event;
    gd_json_writer *json = &event.json;
    const gradus_schema *schema = model->schema;
    gd_event_begin(&event, "model");
    gd_json_string(json, "model", model->path);
    gd_json_integer(json, "inputs", gradus_net_inputs(model->net));
    gd_json_begin_array(json, "layers");
    for (size_t i = 0; i < gradus_net_layer_count(model->net); i++) {
        gradus_layer layer = gradus_net_layer(model->net, i);
        gd_json_begin_object(json, NULL);
        gd_json_integer(json, "outputs", layer.outputs);
        gd_json_string(json, "activation", gradus_activation_name(layer.activation));
        gd_json_end_object(json);
    }
    gd_json_end_array(json);
    gd_json_integer(json, "parameters", gradus_net_parameter_count(model->net));
    gd_json_string(json, "loss", gradus_loss_name(gradus_net_loss(model->net)));
    gd_json_bool(json, "scaled", gradus_net_scaling_mean(model->net) != NULL);
    if (schema != NULL) {
        gd_json_string(json, "task", gradus_task_name(gradus_schema_task(schema)));
        write_names(json, "features", schema, gradus_schema_features(schema), gradus_schema_feature_name);
        write_names(json, "targets", schema, gradus_schema_targets(schema), gradus_schema_target_name);
        write_names(json, "classes", schema, gradus_schema_classes(schema), gradus_schema_class_name);
        gd_json_string(json, "missing", gradus_missing_name(gradus_schema_missing(schema)));
    }
    gd_json_string(json, "weights_sha256", model->digest);
    gd_event_end(&event);
}

static void print_text(const gd_saved_model *model) {
    const gradus_schema *schema = model->schema;
    printf("%-8s %s\n", "model", model->path);
    gd_print_net(stdout, model->net);
    printf("%-8s %s\n", "loss", gradus_loss_name(gradus_net_loss(model->net)));
    printf("%-8s %s\n", "scaled", gradus_net_scaling_mean(model->net) != NULL ? "inputs, as was learnt from the training set" : "no");
    if (schema == NULL) {
        printf("%-8s the file does not say what the inputs are\n", "inputs");
    } else {
        size_t height = gradus_schema_height(schema), width = gradus_schema_width(schema);
        printf("%-8s %s\n", "task", gradus_task_name(gradus_schema_task(schema)));
        if (height > 0) printf("%-8s pictures of %zu x %zu\n", "inputs", height, width);
        print_names("inputs", schema, gradus_schema_features(schema), gradus_schema_feature_name);
        print_names("targets", schema, gradus_schema_targets(schema), gradus_schema_target_name);
        print_names("classes", schema, gradus_schema_classes(schema), gradus_schema_class_name);
        printf("%-8s %s\n", "missing", gradus_missing_name(gradus_schema_missing(schema)));
    }
    printf("%-8s sha256 %s\n", "weights", model->digest);
}

int gd_model_info(const gd_arguments *arguments, const gd_means *means) {
    gd_saved_model model;
    int code = gd_saved_model_load(means, arguments, arguments->operands[0], &model);
    if (code == GD_EXIT_DONE && arguments->json) print_event(&model);
    if (code == GD_EXIT_DONE && !arguments->json) print_text(&model);
    gd_saved_model_free(means, &model);
    return code;
}
