/* The safetensors reader. Every number of the file is checked before it is used: types, sizes, order, and that the tensors fill the file. */
#include "format/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "format/safetensors_dtype.h"
#include "format/utf8.h"

/* What the functions below need for their messages. */
typedef struct reading {
    gradus_context *context;
    const char *path;
    gd_safetensors *file;
    const uint8_t *data; /* behind the header */
    size_t data_size;
} reading;

#define METADATA "__metadata__"

static gradus_status refuse(const reading *r, const char *tensor, const char *wrong) {
    char name[100];
    gd_copy_printable(name, sizeof name, tensor);
    return gd_fail(r->context, GRADUS_BAD_DATA, "%s: not a valid safetensors file: tensor \"%s\" %s", r->path, name, wrong);
}

/* [8 bytes: length of the header][header, JSON][data] */
static gradus_status parse_header(reading *r) {
    gd_safetensors *file = r->file;
    gd_reader reader = gd_reader_make(file->file, file->file_size);
    uint64_t length = gd_read_u64le(&reader);
    if (reader.failed) return gd_fail(r->context, GRADUS_BAD_DATA, "%s: not a safetensors file: only %zu bytes long", r->path, file->file_size);
    size_t left = file->file_size - reader.at;
    if (length > left || length > GD_SAFETENSORS_MAX_HEADER) {
        return gd_fail(r->context, GRADUS_BAD_DATA,
                       "%s: not a safetensors file, or cut short: a header of %" PRIu64 " bytes is announced, %zu bytes follow", r->path, length,
                       left);
    }
    char *text = (char *)file->file + reader.at;
    if (length == 0 || text[0] != '{') return gd_fail(r->context, GRADUS_BAD_DATA, "%s: not a safetensors file: no '{' begins the header", r->path);
    r->data = file->file + reader.at + length;
    r->data_size = left - (size_t)length;
    char where[512];
    snprintf(where, sizeof where, "%.480s: safetensors header", r->path);
    return gd_json_parse(r->context, where, text, (size_t)length, &file->header);
}

static gradus_status check_metadata(const reading *r, size_t metadata) {
    const gd_json *json = &r->file->header;
    if (gd_json_type_of(json, metadata) != GD_JSON_OBJECT) return refuse(r, METADATA, "is not an object");
    size_t key = gd_json_first(metadata);
    for (size_t i = gd_json_length(json, metadata); i > 0; i--, key = gd_json_next(json, key)) {
        if (gd_json_type_of(json, key + 1) != GD_JSON_STRING) return refuse(r, METADATA, "holds something that is not a string");
    }
    return GRADUS_OK;
}

/* An array of at most `limit` whole numbers. */
static bool read_numbers(const gd_json *json, size_t array, uint64_t *numbers, size_t limit, size_t *count) {
    if (array == 0 || gd_json_type_of(json, array) != GD_JSON_ARRAY) return false;
    *count = gd_json_length(json, array);
    if (*count > limit) return false;
    size_t element = gd_json_first(array);
    for (size_t i = 0; i < *count; i++, element = gd_json_next(json, element)) {
        if (!gd_json_unsigned(json, element, &numbers[i])) return false;
    }
    return true;
}

static gradus_status read_tensor(const reading *r, size_t key, gd_safetensor *tensor) {
    const gd_json *json = &r->file->header;
    tensor->name = gd_json_text(json, key);
    if (gd_json_type_of(json, key + 1) != GD_JSON_OBJECT) return refuse(r, tensor->name, "is not described by an object");
    size_t dtype = gd_json_find(json, key + 1, "dtype");
    if (dtype == 0 || gd_json_type_of(json, dtype) != GD_JSON_STRING) return refuse(r, tensor->name, "has no dtype");
    tensor->dtype = gd_json_text(json, dtype);
    if (gd_safetensors_dtype_size(tensor->dtype) == 0) return refuse(r, tensor->name, "has an unknown dtype");
    if (!read_numbers(json, gd_json_find(json, key + 1, "shape"), tensor->shape, GD_SAFETENSORS_MAX_DIMENSIONS, &tensor->dimensions)) {
        return refuse(r, tensor->name, "has no shape of at most 8 whole numbers");
    }
    uint64_t offsets[2];
    size_t count;
    if (!read_numbers(json, gd_json_find(json, key + 1, "data_offsets"), offsets, 2, &count) || count != 2) {
        return refuse(r, tensor->name, "has no data_offsets of two whole numbers");
    }
    if (offsets[0] > offsets[1] || offsets[1] > r->data_size) return refuse(r, tensor->name, "has data_offsets outside the file (was it cut short?)");
    if (!gd_safetensors_tensor_size(tensor, &tensor->size) || tensor->size != offsets[1] - offsets[0]) {
        return refuse(r, tensor->name, "has data_offsets that do not agree with its dtype and shape");
    }
    tensor->begin = offsets[0];
    tensor->data = r->data + offsets[0];
    return GRADUS_OK;
}

/* Into the order of the data. Files are nearly always in it already, and never have more than GD_JSON_MAX_MEMBERS tensors. */
static void insert_sorted(gd_safetensor *tensors, size_t count, const gd_safetensor *tensor) {
    size_t at = count;
    while (at > 0 && (tensors[at - 1].begin > tensor->begin || (tensors[at - 1].begin == tensor->begin && tensors[at - 1].size > tensor->size))) {
        tensors[at] = tensors[at - 1];
        at--;
    }
    tensors[at] = *tensor;
}

static gradus_status read_tensors(const reading *r) {
    gd_safetensors *file = r->file;
    size_t members = gd_json_length(&file->header, 0);
    void *memory = NULL;
    gradus_status status = gd_context_allocate(r->context, members * sizeof *file->tensors, "the table of tensors", &memory);
    if (status != GRADUS_OK) return status;
    file->tensors = memory;
    size_t key = gd_json_first(0);
    for (size_t i = 0; i < members && status == GRADUS_OK; i++, key = gd_json_next(&file->header, key)) {
        gd_safetensor tensor = {0};
        if (strcmp(gd_json_text(&file->header, key), METADATA) == 0) {
            file->metadata = key + 1;
            status = check_metadata(r, key + 1);
        } else {
            status = read_tensor(r, key, &tensor);
            if (status == GRADUS_OK) insert_sorted(file->tensors, file->count++, &tensor);
        }
    }
    return status;
}

/* No holes, no overlap, nothing behind the last one: bytes that no tensor owns could hide anything. */
static gradus_status check_cover(const reading *r) {
    uint64_t end = 0;
    for (size_t i = 0; i < r->file->count; i++) {
        const gd_safetensor *tensor = &r->file->tensors[i];
        if (tensor->begin != end) return refuse(r, tensor->name, "does not begin where the one before it ends");
        end += tensor->size;
    }
    if (end == r->data_size) return GRADUS_OK;
    return gd_fail(r->context, GRADUS_BAD_DATA, "%s: not a valid safetensors file: the tensors take %" PRIu64 " bytes, the file has %zu", r->path,
                   end, r->data_size);
}

static gradus_status parse(reading *r) {
    gradus_status status = parse_header(r);
    if (status == GRADUS_OK) status = read_tensors(r);
    if (status == GRADUS_OK) status = check_cover(r);
    return status;
}

gradus_status gd_safetensors_parse(gradus_context *context, const char *path, uint8_t *bytes, size_t size, gd_safetensors *file) {
    *file = (gd_safetensors){.allocator = context->allocator, .file = bytes, .file_size = size};
    reading r = {.context = context, .path = path, .file = file};
    gradus_status status = parse(&r);
    if (status != GRADUS_OK) gd_safetensors_free(file);
    return status;
}

gradus_status gd_safetensors_read(gradus_context *context, const char *path, size_t limit, gd_safetensors *file) {
    uint8_t *bytes;
    size_t size;
    *file = (gd_safetensors){.allocator = context->allocator};
    gradus_status status = gd_file_read(context, path, limit, &bytes, &size);
    return status == GRADUS_OK ? gd_safetensors_parse(context, path, bytes, size, file) : status;
}

void gd_safetensors_free(gd_safetensors *file) {
    size_t members = file->tensors != NULL ? gd_json_length(&file->header, 0) : 0;
    gd_release(&file->allocator, file->tensors, members * sizeof *file->tensors);
    gd_json_free(&file->allocator, &file->header);
    gd_release(&file->allocator, file->file, file->file_size);
    memset(file, 0, sizeof *file);
}

const gd_safetensor *gd_safetensors_find(const gd_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    }
    return NULL;
}

const char *gd_safetensors_metadata(const gd_safetensors *file, const char *key) {
    size_t value = file->metadata != 0 ? gd_json_find(&file->header, file->metadata, key) : 0;
    return value != 0 ? gd_json_text(&file->header, value) : NULL;
}
