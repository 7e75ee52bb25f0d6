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
    gd_layers_write(&notes->layers, net);
    gd_write_bytes(&notes->layers, "", 1);
    snprintf(notes->inputs, sizeof notes->inputs, "%zu", gradus_net_inputs(net));
    add(notes, "inputs", notes->inputs);
    add(notes, "layers", (const char *)notes->layers.data);
    add(notes, "loss", gradus_loss_name(gradus_net_loss(net)));
    for (size_t i = 0; i < GD_NET_NUMBERS; i++) add_number(notes, i, numbers[i].get(net));
    add_dropout(notes, net);
    return !notes->layers.failed && !notes->dropout.failed;
}

void gd_net_notes_free(gd_net_notes *notes) {
    gd_writer_free(&notes->layers);
    gd_writer_free(&notes->dropout);
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

/* "0.2,0.5,0", one for each layer; what they may be is gradus_net_create's business. */
static gradus_status read_dropout(gradus_context *context, const char *path, const char *text, gd_net_shape *shape) {
    void *memory;
    if (text == NULL) return GRADUS_OK;
    gradus_status status = gd_context_allocate(context, shape->config.layer_count * sizeof(double), "a net's dropout", &memory);
    if (status != GRADUS_OK) return status;
    shape->config.dropout = shape->dropout = memory;
    const char *at = text;
    for (size_t l = 0; l < shape->config.layer_count; l++) {
        const size_t length = strcspn(at, ",");
        const bool last = l + 1 == shape->config.layer_count;
        if (!gd_parse_double(at, length, &shape->dropout[l]) || (at[length] == 0) != last) return refuse(context, path, "dropout", text);
        at += length + 1;
    }
    return GRADUS_OK;
}

gradus_status gd_net_notes_read(gradus_context *context, const char *path, const gd_safetensors *file, gd_net_shape *shape) {
    gradus_net_config *config = &shape->config;
    shape->layers = NULL;
    shape->dropout = NULL;
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
    return status == GRADUS_OK ? read_dropout(context, path, gd_safetensors_metadata(file, "dropout"), shape) : status;
}

void gd_net_shape_free(gradus_context *context, gd_net_shape *shape) {
    const size_t count = shape->config.layer_count;
    gd_release(&context->allocator, shape->layers, count * sizeof *shape->layers);
    gd_release(&context->allocator, shape->dropout, count * sizeof *shape->dropout);
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
    const char *const keys[] = {"inputs", "layers", "loss", "dropout"};
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
