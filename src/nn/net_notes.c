/* Writing, reading and comparing a net's metadata. */
#include "nn/net_notes.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/number.h"
#include "format/json.h"
#include "format/utf8.h"
#include "nn/layer_text.h"

void gd_parameter_name(char name[GD_PARAMETER_NAME], size_t parameter) {
    snprintf(name, GD_PARAMETER_NAME, "layers.%zu.%s", parameter / 2, parameter % 2 == 0 ? "weight" : "bias");
}

/* Numbers that are noted where they are not 0. */
static const struct {
    const char *key;
    size_t offset; /* in gradus_net_config */
    double (*get)(const gradus_net *net);
} numbers[GD_NET_NUMBERS] = {{"label_smoothing", offsetof(gradus_net_config, label_smoothing), gradus_net_label_smoothing},
                             {"input_dropout", offsetof(gradus_net_config, input_dropout), gradus_net_input_dropout},
                             {"l1", offsetof(gradus_net_config, l1), gradus_net_l1},
                             {"l2", offsetof(gradus_net_config, l2), gradus_net_l2}};

static void add(gd_net_notes *notes, const char *key, const char *value) { notes->notes[notes->count++] = (gd_safetensors_note){key, value}; }

static void add_number(gd_net_notes *notes, size_t index, double value) {
    gd_json_print_number(notes->numbers[index], value);
    if (value != 0.0) add(notes, numbers[index].key, notes->numbers[index]);
}

/* "0.2,0.5,0". */
static void add_list(gd_net_notes *notes, const char *key, gd_writer *list, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char text[32];
        gd_json_print_number(text, values[i]);
        if (i > 0) gd_write_text(list, ",");
        gd_write_text(list, text);
    }
    gd_write_bytes(list, "", 1);
    add(notes, key, (const char *)list->data);
}

/* Of every input; nothing if they are taken as they are. */
static void add_scaling(gd_net_notes *notes, const gradus_net *net) {
    if (gradus_net_scaling_mean(net) == NULL) return;
    add_list(notes, "scaling_mean", &notes->mean, gradus_net_scaling_mean(net), gradus_net_inputs(net));
    add_list(notes, "scaling_inverse", &notes->inverse, gradus_net_scaling_inverse(net), gradus_net_inputs(net));
}

/* "0.2,0.5,0": of every layer; nothing if none drops. */
static void add_dropout(gd_net_notes *notes, const gradus_net *net) {
    bool any = false;
    for (size_t l = 0; l < gradus_net_layer_count(net); l++) {
        char text[32];
        gd_json_print_number(text, gradus_net_dropout(net, l));
        if (l > 0) gd_write_text(&notes->dropout, ",");
        gd_write_text(&notes->dropout, text);
        any = any || gradus_net_dropout(net, l) != 0.0;
    }
    gd_write_bytes(&notes->dropout, "", 1);
    if (any) add(notes, "dropout", (const char *)notes->dropout.data);
}

bool gd_net_notes_make(const gradus_allocator *allocator, const gradus_net *net, gd_net_notes *notes) {
    notes->count = 0;
    notes->layers = gd_writer_make(allocator);
    notes->dropout = gd_writer_make(allocator);
    notes->mean = gd_writer_make(allocator);
    notes->inverse = gd_writer_make(allocator);
    gd_layers_write(&notes->layers, net);
    gd_write_bytes(&notes->layers, "", 1);
    snprintf(notes->inputs, sizeof notes->inputs, "%zu", gradus_net_inputs(net));
    add(notes, "inputs", notes->inputs);
    add(notes, "layers", (const char *)notes->layers.data);
    add(notes, "loss", gradus_loss_name(gradus_net_loss(net)));
    for (size_t i = 0; i < GD_NET_NUMBERS; i++) add_number(notes, i, numbers[i].get(net));
    add_dropout(notes, net);
    add_scaling(notes, net);
    return !notes->layers.failed && !notes->dropout.failed && !notes->mean.failed && !notes->inverse.failed;
}

void gd_net_notes_free(gd_net_notes *notes) {
    gd_writer_free(&notes->layers);
    gd_writer_free(&notes->dropout);
    gd_writer_free(&notes->mean);
    gd_writer_free(&notes->inverse);
}

static gradus_status refuse(gradus_context *context, const char *path, const char *key, const char *value) {
    char text[64] = "missing";
    if (value != NULL) gd_copy_printable(text, sizeof text, value);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a file of this version of gradus: metadata \"%s\" is %s", path, key, text);
}

gradus_status gd_refuse_model(gradus_context *context, const char *path) {
    char reason[512];
    gd_copy_printable(reason, sizeof reason, gradus_context_message(context));
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid model: %s", path, reason);
}

static bool parse_width(const char *text, size_t *width) {
    *width = 0;
    for (; *text >= '0' && *text <= '9' && *width <= GD_MAX_WIDTH; text++) *width = *width * 10 + (size_t)(*text - '0');
    return *text == 0 && *width > 0 && *width <= GD_MAX_WIDTH;
}

/* "0.2,0.5,0": exactly `count` numbers. */
static bool read_list(const char *text, double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t length = strcspn(text, ",");
        if (!gd_parse_double(text, length, &values[i]) || (text[length] == 0) != (i + 1 == count)) return false;
        text += length + 1;
    }
    return true;
}

/* One for each layer; what they may be is gradus_net_create's business. */
static gradus_status read_dropout(gradus_context *context, const char *path, const char *text, gd_net_shape *shape) {
    void *memory;
    if (text == NULL) return GRADUS_OK;
    gradus_status status = gd_context_allocate(context, shape->config.layer_count * sizeof(double), "a net's dropout", &memory);
    if (status != GRADUS_OK) return status;
    shape->config.dropout = shape->dropout = memory;
    return read_list(text, shape->dropout, shape->config.layer_count) ? GRADUS_OK : refuse(context, path, "dropout", text);
}

/* For each input. A text that is too short for so many is refused before there is memory for them. */
static gradus_status read_scaling(gradus_context *context, const char *path, const gd_safetensors *file, gd_net_shape *shape) {
    const char *mean = gd_safetensors_metadata(file, "scaling_mean"), *inverse = gd_safetensors_metadata(file, "scaling_inverse");
    const size_t inputs = shape->config.inputs;
    void *memory;
    if (mean == NULL && inverse == NULL) return GRADUS_OK;
    if (mean == NULL || strlen(mean) < 2 * inputs - 1) return refuse(context, path, "scaling_mean", mean);
    if (inverse == NULL) return refuse(context, path, "scaling_inverse", inverse);
    gradus_status status = gd_context_allocate(context, 2 * inputs * sizeof(double), "the scaling of a net's inputs", &memory);
    if (status != GRADUS_OK) return status;
    shape->scaling = memory;
    if (!read_list(mean, shape->scaling, inputs)) return refuse(context, path, "scaling_mean", mean);
    return read_list(inverse, shape->scaling + inputs, inputs) ? GRADUS_OK : refuse(context, path, "scaling_inverse", inverse);
}

gradus_status gd_net_notes_read(gradus_context *context, const char *path, const gd_safetensors *file, gd_net_shape *shape) {
    gradus_net_config *config = &shape->config;
    shape->layers = NULL;
    shape->dropout = shape->scaling = NULL;
    gradus_net_config_init(config);
    const char *inputs = gd_safetensors_metadata(file, "inputs");
    if (inputs == NULL || !parse_width(inputs, &config->inputs)) return refuse(context, path, "inputs", inputs);
    const char *loss = gd_safetensors_metadata(file, "loss");
    config->loss = loss != NULL ? gradus_loss_from_name(loss) : GRADUS_LOSS_UNSET;
    if (config->loss == GRADUS_LOSS_UNSET) return refuse(context, path, "loss", loss);
    for (size_t i = 0; i < GD_NET_NUMBERS; i++) { /* their ranges are gradus_net_create's business */
        const char *number = gd_safetensors_metadata(file, numbers[i].key);
        double *field = (double *)(void *)((char *)config + numbers[i].offset);
        if (number != NULL && !gd_parse_double(number, strlen(number), field)) return refuse(context, path, numbers[i].key, number);
    }
    const char *text = gd_safetensors_metadata(file, "layers");
    if (text == NULL) return refuse(context, path, "layers", NULL);
    gradus_status status = gd_layers_parse(context, text, &shape->layers, &config->layer_count);
    if (status == GRADUS_INVALID_ARGUMENT) return gd_refuse_model(context, path);
    config->layers = shape->layers;
    if (status == GRADUS_OK) status = read_dropout(context, path, gd_safetensors_metadata(file, "dropout"), shape);
    return status == GRADUS_OK ? read_scaling(context, path, file, shape) : status;
}

void gd_net_shape_free(gradus_context *context, gd_net_shape *shape) {
    const size_t count = shape->config.layer_count;
    gd_release(&context->allocator, shape->layers, count * sizeof *shape->layers);
    gd_release(&context->allocator, shape->dropout, count * sizeof *shape->dropout);
    gd_release(&context->allocator, shape->scaling, 2 * shape->config.inputs * sizeof *shape->scaling);
}

static gradus_status differs(gradus_context *context, const char *path, const char *key, const char *found, const char *wanted) {
    char text[200] = "not set";
    if (found != NULL) gd_copy_printable(text, sizeof text, found);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: of another net: its %s is %s, this net's %.200s", path, key, text,
                   wanted != NULL ? wanted : "not set");
}

static const char *value_of(const gd_net_notes *notes, const char *key) {
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->notes[i].key, key) == 0) return notes->notes[i].value;
    return NULL;
}

/* A note that only some nets have must be missing in both or the same in both. */
static gradus_status compare(gradus_context *context, const char *path, const gd_safetensors *file, const gd_net_notes *notes) {
    const char *const keys[] = {"inputs", "layers", "loss", "dropout", "scaling_mean", "scaling_inverse"};
    const size_t fixed = sizeof keys / sizeof keys[0];
    for (size_t i = 0; i < fixed + GD_NET_NUMBERS; i++) {
        const char *key = i < fixed ? keys[i] : numbers[i - fixed].key;
        const char *found = gd_safetensors_metadata(file, key), *wanted = value_of(notes, key);
        if (found == NULL && wanted == NULL) continue;
        if (found == NULL || wanted == NULL || strcmp(found, wanted) != 0) return differs(context, path, key, found, wanted);
    }
    return GRADUS_OK;
}

gradus_status gd_net_notes_compare(gradus_context *context, const char *path, const gd_safetensors *file, const gradus_net *net) {
    gd_net_notes notes;
    gradus_status status = GRADUS_OK;
    if (!gd_net_notes_make(&context->allocator, net, &notes)) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: out of memory", path);
    if (status == GRADUS_OK) status = compare(context, path, file, &notes);
    gd_net_notes_free(&notes);
    return status;
}
