/* Reading and writing layers as text. */
#include "nn/layer_text.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"

void gd_activation_names(char *text, size_t size) {
    size_t used = 0;
    for (gradus_activation activation = 1; gradus_activation_name(activation) != NULL && used < size; activation++) {
        int n = snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", gradus_activation_name(activation));
        used += (size_t)n;
    }
}

static gradus_status refuse(gradus_context *context, const char *part, size_t length) {
    char names[128];
    gd_activation_names(names, sizeof names);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "layer \"%.*s\": expected WIDTH:ACTIVATION, WIDTH from 1 to %d, ACTIVATION one of %s",
                   length < 60 ? (int)length : 60, part, GD_MAX_WIDTH, names);
}

/* One part: text[0, length). */
static gradus_status parse_layer(gradus_context *context, const char *text, size_t length, gradus_layer *layer) {
    size_t width = 0, at = 0;
    while (at < length && text[at] >= '0' && text[at] <= '9' && width <= GD_MAX_WIDTH) width = width * 10 + (size_t)(text[at++] - '0');
    if (at == 0 || at == length || text[at] != ':' || width == 0 || width > GD_MAX_WIDTH) return refuse(context, text, length);
    char name[32];
    snprintf(name, sizeof name, "%.*s", length - at - 1 < sizeof name ? (int)(length - at - 1) : 31, text + at + 1);
    gradus_activation activation = gradus_activation_from_name(name);
    if (activation == GRADUS_ACTIVATION_UNSET) return refuse(context, text, length);
    *layer = (gradus_layer){.outputs = width, .activation = activation};
    return GRADUS_OK;
}

static size_t count_parts(const char *text) {
    size_t count = 1;
    for (; *text != 0; text++) count += *text == ',';
    return count;
}

gradus_status gd_layers_parse(gradus_context *context, const char *text, gradus_layer **layers, size_t *count) {
    *layers = NULL;
    *count = count_parts(text);
    if (*count > GD_MAX_LAYERS) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%zu layers; at most %d are allowed", *count, GD_MAX_LAYERS);
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, *count * sizeof **layers, "layers", &memory);
    if (status != GRADUS_OK) return status;
    gradus_layer *list = memory;
    for (size_t i = 0; i < *count && status == GRADUS_OK; i++) {
        size_t length = strcspn(text, ",");
        status = parse_layer(context, text, length, &list[i]);
        text += length + (text[length] == ',');
    }
    if (status == GRADUS_OK) {
        *layers = list;
    } else {
        gd_release(&context->allocator, list, *count * sizeof *list);
    }
    return status;
}

void gd_layers_write(gd_writer *out, const gradus_net *net) {
    for (size_t i = 0; i < gradus_net_layer_count(net); i++) {
        gradus_layer layer = gradus_net_layer(net, i);
        char width[32];
        snprintf(width, sizeof width, "%s%zu:", i > 0 ? "," : "", layer.outputs);
        gd_write_text(out, width);
        gd_write_text(out, gradus_activation_name(layer.activation));
    }
}
