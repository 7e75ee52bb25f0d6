/* A net's shape as metadata of a file: models and checkpoints have the same (docs/formats.md). */
#ifndef GD_NN_NET_NOTES_H
#define GD_NN_NET_NOTES_H

#include <gradus/net.h>

#include "format/safetensors.h"

enum { GD_NET_NOTES = 10, GD_NET_NUMBERS = 4 };

/* The notes point into the struct itself: it is not to be copied. */
typedef struct gd_net_notes {
    gd_safetensors_note notes[GD_NET_NOTES];
    size_t count;
    char inputs[24], numbers[GD_NET_NUMBERS][32];
    gd_writer layers, dropout, mean, inverse;
} gd_net_notes;

/* false: no memory. gd_net_notes_free in any case; the allocator must live until then. */
bool gd_net_notes_make(const gradus_allocator *allocator, const gradus_net *net, gd_net_notes *notes);
void gd_net_notes_free(gd_net_notes *notes);

/* A net's config from a file's metadata, and the memory that it points to. */
typedef struct gd_net_shape {
    gradus_net_config config;
    gradus_layer *layers; /* [layer_count] */
    double *dropout;      /* [layer_count], or NULL */
    double *scaling;      /* [2][inputs]: mean, inverse; or NULL */
} gd_net_shape;

/* gd_net_shape_free in any case. Errors: BAD_DATA, naming the file and the key, OUT_OF_MEMORY. */
gradus_status gd_net_notes_read(gradus_context *context, const char *path, const gd_safetensors *file, gd_net_shape *shape);
void gd_net_shape_free(gradus_context *context, gd_net_shape *shape);

/* Fails unless the file's metadata are this net's; `path` begins the message, which names what differs. */
gradus_status gd_net_notes_compare(gradus_context *context, const char *path, const gd_safetensors *file, const gradus_net *net);

/* The failed call's own message, under the file's name, as BAD_DATA. */
gradus_status gd_refuse_model(gradus_context *context, const char *path);

/* A layer's tensors are called "layers.<i>.weight" and "layers.<i>.bias". Parameter 2*i is the weight, 2*i + 1 the bias, as of the net's optimizers. */
enum { GD_PARAMETER_NAME = 40 };
void gd_parameter_name(char name[GD_PARAMETER_NAME], size_t parameter);

#endif
