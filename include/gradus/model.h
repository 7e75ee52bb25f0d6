/* Models in files: safetensors with the net's shape in its metadata. */
#ifndef GRADUS_MODEL_H
#define GRADUS_MODEL_H

#include <gradus/net.h>

GRADUS_BEGIN_DECLS

/* Writes the net to `path` as safetensors (docs/formats.md): tensors "layers.<i>.weight" [in, out] and "layers.<i>.bias" [out], F32, and the shape as
 * metadata. schema: a text in UTF-8 that travels with the net, meant to say how its inputs and outputs come from and go to data; the library stores it
 * as it is; may be NULL. The file is replaced atomically: after any failure or power cut the old file or the new one is there, whole. Errors: IO (the message
 * names the path and the cause), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_model_save(gradus_context *context, const gradus_net *net, const char *schema, const char *path);

/* Reads a net that gradus_model_save wrote. *net is NULL on failure. *schema is the text that came with it, to be released by gradus_text_release, or
 * NULL if there is none; schema may be NULL. The file is untrusted input: nothing in it makes the library crash or use more
 * memory than the file's own size allows. Errors: IO, BAD_DATA (path, what was expected, what was found), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_model_load(gradus_context *context, const char *path, gradus_net **net, char **schema);

GRADUS_END_DECLS

#endif
