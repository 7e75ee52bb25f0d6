/* Writing, reading and comparing a net's metadata. */
#include "nn/net_notes.h"

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

static void add(gd_net_notes *notes, const char *key, const char *value) { notes->notes[notes->count++] = (gd_safetensors_note){key, value}; }

bool gd_net_notes_make(const gradus_allocator *allocator, const gradus_net *net, gd_net_notes *notes) {
    const double label_smoothing = gradus_net_label_smoothing(net);
    notes->count = 0;
    notes->layers = gd_writer_make(allocator);
    gd_layers_write(&notes->layers, net);
    gd_write_bytes(&notes->layers, "", 1);
    if (notes->layers.failed) return false;
    snprintf(notes->inputs, sizeof notes->inputs, "%zu", gradus_net_inputs(net));
    gd_json_print_number(notes->label_smoothing, label_smoothing);
    add(notes, "inputs", notes->inputs);
    add(notes, "layers", (const char *)notes->layers.data);
    add(notes, "loss", gradus_loss_name(gradus_net_loss(net)));
    if (label_smoothing != 0.0) add(notes, "label_smoothing", notes->label_smoothing);
    return true;
}

void gd_net_notes_free(gd_net_notes *notes) { gd_writer_free(&notes->layers); }

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

gradus_status gd_net_notes_read(gradus_context *context, const char *path, const gd_safetensors *file, gradus_net_config *config,
                                gradus_layer **layers) {
    *layers = NULL;
    const char *inputs = gd_safetensors_metadata(file, "inputs");
    if (inputs == NULL || !parse_width(inputs, &config->inputs)) return refuse(context, path, "inputs", inputs);
    const char *loss = gd_safetensors_metadata(file, "loss");
    config->loss = loss != NULL ? gradus_loss_from_name(loss) : GRADUS_LOSS_UNSET;
    if (config->loss == GRADUS_LOSS_UNSET) return refuse(context, path, "loss", loss);
    const char *smoothing = gd_safetensors_metadata(file, "label_smoothing"); /* its range is gradus_net_create's business */
    if (smoothing != NULL && !gd_parse_double(smoothing, strlen(smoothing), &config->label_smoothing))
        return refuse(context, path, "label_smoothing", smoothing);
    const char *text = gd_safetensors_metadata(file, "layers");
    if (text == NULL) return refuse(context, path, "layers", NULL);
    gradus_status status = gd_layers_parse(context, text, layers, &config->layer_count);
    config->layers = *layers;
    return status == GRADUS_INVALID_ARGUMENT ? gd_refuse_model(context, path) : status;
}

static gradus_status differs(gradus_context *context, const char *path, const char *key, const char *found, const char *wanted) {
    char text[200] = "missing";
    if (found != NULL) gd_copy_printable(text, sizeof text, found);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: of another net: its %s is %s, this net's %.200s", path, key, text,
                   wanted != NULL ? wanted : "not set");
}

/* A note that only some nets have must be missing in both or the same in both. */
static gradus_status compare(gradus_context *context, const char *path, const gd_safetensors *file, const gd_net_notes *notes) {
    static const char *const optional[] = {"label_smoothing"};
    for (size_t i = 0; i < notes->count; i++) {
        const char *found = gd_safetensors_metadata(file, notes->notes[i].key);
        if (found == NULL || strcmp(found, notes->notes[i].value) != 0)
            return differs(context, path, notes->notes[i].key, found, notes->notes[i].value);
    }
    for (size_t k = 0; k < sizeof optional / sizeof optional[0]; k++) {
        const char *found = gd_safetensors_metadata(file, optional[k]);
        bool known = found == NULL;
        for (size_t i = 0; i < notes->count; i++) known = known || strcmp(notes->notes[i].key, optional[k]) == 0;
        if (!known) return differs(context, path, optional[k], found, NULL);
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
