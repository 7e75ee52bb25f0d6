/* The safetensors writer. */
#include "format/safetensors.h"

#include "format/safetensors_dtype.h"

static void write_notes(gd_json_writer *json, const gd_safetensors_note *notes, size_t count) {
    gd_json_begin_object(json, "__metadata__");
    for (size_t i = 0; i < count; i++) gd_json_string(json, notes[i].key, notes[i].value);
    gd_json_end_object(json);
}

static bool write_tensor(gd_json_writer *json, const gd_safetensor *tensor, size_t *offset) {
    size_t size;
    gd_json_begin_object(json, tensor->name);
    gd_json_string(json, "dtype", tensor->dtype);
    gd_json_begin_array(json, "shape");
    for (size_t i = 0; i < tensor->dimensions; i++) gd_json_integer(json, NULL, tensor->shape[i]);
    gd_json_end_array(json);
    gd_json_begin_array(json, "data_offsets");
    gd_json_integer(json, NULL, *offset);
    if (!gd_safetensors_tensor_size(tensor, &size) || !gd_size_add(*offset, size, offset)) return false;
    gd_json_integer(json, NULL, *offset);
    gd_json_end_array(json);
    gd_json_end_object(json);
    return true;
}

static bool write_json(gd_writer *out, const gd_safetensors_note *notes, size_t note_count, const gd_safetensor *tensors, size_t count) {
    gd_json_writer json = {out, false};
    size_t offset = 0;
    gd_json_begin_object(&json, NULL);
    if (note_count > 0) write_notes(&json, notes, note_count);
    for (size_t i = 0; i < count; i++) {
        if (!write_tensor(&json, &tensors[i], &offset)) return false;
    }
    gd_json_end_object(&json);
    return true;
}

bool gd_safetensors_write_header(gd_writer *out, const gd_safetensors_note *notes, size_t note_count, const gd_safetensor *tensors, size_t count) {
    gd_writer header = gd_writer_make(out->allocator);
    bool fits = write_json(&header, notes, note_count, tensors, count);
    while (!header.failed && header.size % 8 != 0) gd_write_text(&header, " ");
    gd_write_u64le(out, header.size);
    gd_write_bytes(out, header.data, header.size);
    out->failed = out->failed || header.failed;
    gd_writer_free(&header);
    return fits;
}
