/* Writing checkpoints. */
#include "nn/checkpoint.h"

#include <string.h>

#include "base/crc64.h"
#include "nn/net_notes.h"
#include "nn/train_state.h"

void gradus_checkpoint_contents_init_sized(gradus_checkpoint_contents *contents, size_t struct_size) {
    const gradus_checkpoint_contents defaults = {.struct_size = sizeof defaults};
    gd_write_struct(contents, struct_size, &defaults, sizeof defaults);
}

static gradus_status check(gradus_context *context, const gradus_checkpoint_contents *contents, gradus_train_state *state) {
    gradus_train_state_init(state);
    if (contents->net == NULL || contents->optimizer == NULL)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_save: %s is NULL", contents->net == NULL ? "net" : "optimizer");
    if (!gd_net_fits_optimizer(contents->net, contents->optimizer))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_save: the optimizer was not made for this net");
    if (contents->best != NULL && !gd_net_same_shape(contents->net, contents->best))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_save: the best net is not of the net's shape");
    return contents->state == NULL ? GRADUS_OK : gd_read_struct(context, "gradus_train_state", contents->state, state, sizeof *state);
}

static void gather(const gradus_checkpoint_contents *contents, const gradus_train_state *state, const gd_checkpoint_table *table) {
    gd_train_state_get(state, table->numbers);
    memcpy(&table->numbers[table->fields], &contents->seconds, sizeof contents->seconds);
    gd_checkpoint_optimizer_get(contents->optimizer, table->numbers + table->fields + 1);
}

static bool write_header(gd_writer *out, const gradus_checkpoint_contents *contents, const gd_checkpoint_table *table, const gd_net_notes *shape) {
    char algorithm[GD_ALGORITHM_NAME];
    gd_checkpoint_algorithm(contents->optimizer, algorithm);
    gd_safetensors_note notes[GD_NET_NOTES + 5] = {{"format", GD_CHECKPOINT_FORMAT},
                                                   {"gradus", gradus_version()},
                                                   {"numerics", gradus_numerics_version()},
                                                   {"optimizer", algorithm},
                                                   {"configuration", contents->configuration != NULL ? contents->configuration : ""}};
    for (size_t i = 0; i < shape->count; i++) notes[5 + i] = shape->notes[i];
    return gd_safetensors_write_header(out, notes, 5 + shape->count, table->tensors, table->count + 1);
}

/* A tensor's elements as they stand in memory: values has room for them. */
static gradus_status read_floats(gradus_context *context, const gradus_checkpoint_contents *contents, const gd_checkpoint_entry *entry,
                                 float *values) {
    const gradus_tensor tensor = gd_checkpoint_parameter(contents->net, entry->index, values);
    if (entry->kind == GD_CHECKPOINT_STATES) return gradus_optimizer_state_get(context, contents->optimizer, entry->index, entry->state, &tensor);
    const gradus_net *net = entry->kind == GD_CHECKPOINT_BEST ? contents->best : contents->net;
    const bool weight = entry->index % 2 == 0;
    return gradus_net_get(context, net, entry->index / 2, weight ? &tensor : NULL, weight ? NULL : &tensor);
}

static gradus_status write_elements(gradus_context *context, const gradus_checkpoint_contents *contents, const gd_checkpoint_table *table,
                                    gd_writer *out) {
    const size_t bytes = table->largest * sizeof(float);
    void *memory;
    gradus_status status = gd_context_allocate(context, bytes, "a checkpoint's tensor", &memory);
    for (size_t i = 0; status == GRADUS_OK && i < table->count; i++) {
        const gd_checkpoint_entry *entry = &table->entries[i];
        const size_t size = table->tensors[i].size;
        if (entry->kind == GD_CHECKPOINT_NUMBERS) {
            for (size_t k = 0; k < size / 8; k++) gd_write_u64le(out, table->numbers[entry->index + k]);
            continue;
        }
        status = read_floats(context, contents, entry, memory);
        if (status == GRADUS_OK) gd_write_f32le(out, memory, size / sizeof(float));
    }
    gd_release(&context->allocator, memory, bytes);
    return status;
}

static gradus_status write_file(gradus_context *context, const gradus_checkpoint_contents *contents, const gd_checkpoint_table *table,
                                gd_writer *out) {
    gd_net_notes shape;
    bool fits = gd_net_notes_make(&context->allocator, contents->net, &shape) && write_header(out, contents, table, &shape);
    gd_net_notes_free(&shape);
    if (fits) gd_writer_reserve(out, table->data_size);
    out->failed = out->failed || !fits;
    gradus_status status = out->failed ? GRADUS_OK : write_elements(context, contents, table, out);
    if (status == GRADUS_OK && !out->failed) gd_write_u64le(out, gd_crc64(out->data, out->size));
    return status;
}

gradus_status gradus_checkpoint_save(gradus_context *context, const char *path, const gradus_checkpoint_contents *given) {
    gradus_checkpoint_contents contents;
    gradus_train_state state;
    gd_checkpoint_table table;
    if (context == NULL) return GRADUS_INVALID_ARGUMENT;
    if (path == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_save: path is NULL");
    gradus_checkpoint_contents_init(&contents);
    gradus_status status = gd_read_struct(context, "gradus_checkpoint_contents", given, &contents, sizeof contents);
    if (status == GRADUS_OK) status = check(context, &contents, &state);
    if (status == GRADUS_OK) status = gd_checkpoint_table_make(context, contents.net, contents.best != NULL, contents.optimizer, &table);
    if (status != GRADUS_OK) return status;
    gather(&contents, &state, &table);
    gd_writer out = gd_writer_make(&context->allocator);
    status = write_file(context, &contents, &table, &out);
    if (status == GRADUS_OK && out.failed) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory for the file's contents", path);
    if (status == GRADUS_OK) status = gd_file_rotate(context, path, out.data, out.size);
    gd_writer_free(&out);
    gd_checkpoint_table_free(context, &table);
    return status;
}
