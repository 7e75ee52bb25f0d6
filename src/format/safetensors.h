/* safetensors files (docs/formats.md): a table of named tensors in a JSON header, then their bytes. The reader trusts nothing. */
#ifndef GD_FORMAT_SAFETENSORS_H
#define GD_FORMAT_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"
#include "format/json.h"

enum { GD_SAFETENSORS_MAX_DIMENSIONS = 8, GD_SAFETENSORS_MAX_HEADER = 16 << 20 };

typedef struct gd_safetensor {
    const char *name;
    const char *dtype; /* as files spell it: "F32", ... */
    size_t dimensions;
    uint64_t shape[GD_SAFETENSORS_MAX_DIMENSIONS];
    const uint8_t *data; /* in the file's memory, little-endian, at any alignment */
    size_t size;         /* bytes: checked to be those of shape and dtype */
    uint64_t begin;      /* where data lies behind the header */
} gd_safetensor;

/* A file in memory, with its tensors in the order of their data. */
typedef struct gd_safetensors {
    gradus_allocator allocator;
    uint8_t *file;
    size_t file_size;
    gd_json header;
    size_t metadata; /* index of __metadata__ in header, or 0 */
    gd_safetensor *tensors;
    size_t count;
} gd_safetensors;

/* Reads a file of at most `limit` bytes. Errors: IO, BAD_DATA (path, what is wrong), OUT_OF_MEMORY; *file is then empty. */
gradus_status gd_safetensors_read(gradus_context *context, const char *path, size_t limit, gd_safetensors *file);
/* The same of a file's bytes, memory from the context's allocator, which become the file's, or are released on failure. They are changed. */
gradus_status gd_safetensors_parse(gradus_context *context, const char *path, uint8_t *bytes, size_t size, gd_safetensors *file);
void gd_safetensors_free(gd_safetensors *file);

/* The tensor of that name, the metadata of that key, or NULL. */
const gd_safetensor *gd_safetensors_find(const gd_safetensors *file, const char *name);
const char *gd_safetensors_metadata(const gd_safetensors *file, const char *key);

typedef struct gd_safetensors_note {
    const char *key, *value;
} gd_safetensors_note;

/* Appends all but the tensors' bytes, which the caller appends next, in the same order. Of each tensor name, dtype and shape are used. The header is
 * padded, so that the bytes begin at a multiple of 8. false: a dtype is unknown or the sizes overflow. */
bool gd_safetensors_write_header(gd_writer *out, const gd_safetensors_note *notes, size_t note_count, const gd_safetensor *tensors, size_t count);

#endif
