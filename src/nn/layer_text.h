/* Layers as text, on the command line and in model files: WIDTH:ACTIVATION, joined by commas ("128:relu,10:softmax"). */
#ifndef GD_NN_LAYER_TEXT_H
#define GD_NN_LAYER_TEXT_H

#include <stddef.h>

#include <gradus/net.h>

#include "base/io.h"

enum { GD_MAX_LAYERS = 1024, GD_MAX_WIDTH = 1 << 24 };

/* Reads the text into *layers, memory of *count elements from the context's allocator. Errors: INVALID_ARGUMENT (the message names the part and what
 * is allowed), OUT_OF_MEMORY. */
gradus_status gd_layers_parse(gradus_context *context, const char *text, gradus_layer **layers, size_t *count);

/* Appends a net's layers as text. */
void gd_layers_write(gd_writer *out, const gradus_net *net);

/* "identity, relu, ...": every activation's name. */
void gd_activation_names(char *text, size_t size);

#endif
