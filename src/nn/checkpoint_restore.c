/* Putting a checkpoint's contents back into a net and its optimizer: everything is checked first, then nothing can fail. */
#include "nn/checkpoint.h"

#include <string.h>

#include "base/bytes.h"
#include "format/utf8.h"
#include "nn/net_notes.h"

static gradus_status check_optimizer(gradus_context *context, const gradus_checkpoint *c, const gradus_net *net, const gradus_optimizer *optimizer) {
    char name[GD_ALGORITHM_NAME], text[GD_ALGORITHM_NAME] = "missing";
    if (!gd_net_fits_optimizer(net, optimizer))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_restore: the optimizer was not made for this net");
    const char *found = gd_safetensors_metadata(&c->file, "optimizer");
    gd_checkpoint_algorithm(optimizer, name);
    if (found != NULL && strcmp(found, name) == 0) return GRADUS_OK;
    if (found != NULL) gd_copy_printable(text, sizeof text, found);
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: of another optimizer: its optimizer is %s, this one %s", c->path, text, name);
}

/* Finds every tensor. With an optimizer, all of the file is known: no other tensor may be there. */
static gradus_status find_tensors(gradus_context *context, const gradus_checkpoint *c, gd_checkpoint_table *table, bool whole) {
    gradus_status status = GRADUS_OK;
    if (whole && c->file.count != table->count + 1)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: not a checkpoint of this net and optimizer: %zu tensors, expected %zu", c->path, c->file.count,
                       table->count + 1);
    for (size_t i = 0; status == GRADUS_OK && i < table->count; i++) {
        const gd_checkpoint_entry *entry = &table->entries[i];
        gd_safetensor *tensor = &table->tensors[i];
        status = gd_checkpoint_find(context, c, tensor);
        for (size_t k = 0; status == GRADUS_OK && entry->kind == GD_CHECKPOINT_NUMBERS && k < tensor->size / 8; k++)
            table->numbers[entry->index + k] = gd_load_u64le(tensor->data + 8 * k);
    }
    return status;
}

static gradus_status check_numbers(gradus_context *context, const gradus_checkpoint *c, const gradus_optimizer *optimizer, const uint64_t *numbers) {
    gradus_status status = gd_checkpoint_optimizer_check(context, optimizer, numbers);
    return status == GRADUS_OK ? status : gd_refuse_model(context, c->path);
}

static gradus_status put(gradus_context *context, const gd_checkpoint_entry *entry, const gradus_tensor *tensor, gradus_net *net,
                         gradus_optimizer *optimizer, gradus_net *best) {
    const bool weight = entry->index % 2 == 0;
    gradus_net *to = entry->kind == GD_CHECKPOINT_BEST ? best : net;
    if (entry->kind == GD_CHECKPOINT_STATES) return gradus_optimizer_state_set(context, optimizer, entry->index, entry->state, tensor);
    return to == NULL ? GRADUS_OK : gradus_net_set(context, to, entry->index / 2, weight ? tensor : NULL, weight ? NULL : tensor);
}

/* values has room for the largest tensor. The checks of the calls within have been made: they cannot fail. */
static gradus_status put_tensors(gradus_context *context, const gd_checkpoint_table *table, float *values, gradus_net *net,
                                 gradus_optimizer *optimizer, gradus_net *best) {
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; status == GRADUS_OK && i < table->count; i++) {
        const gd_checkpoint_entry *entry = &table->entries[i];
        if (entry->kind == GD_CHECKPOINT_NUMBERS) continue;
        const gradus_tensor tensor = gd_checkpoint_parameter(net, entry->index, values);
        gd_load_f32le(values, table->tensors[i].data, tensor.rows * tensor.columns);
        status = put(context, entry, &tensor, net, optimizer, best);
    }
    return status;
}

static gradus_status restore(gradus_context *context, const gradus_checkpoint *c, gd_checkpoint_table *table, gradus_net *net,
                             gradus_optimizer *optimizer, gradus_net *best) {
    const uint64_t *numbers = table->numbers + table->fields + 1;
    const size_t bytes = table->largest * sizeof(float);
    void *memory;
    gradus_status status = find_tensors(context, c, table, optimizer != NULL);
    if (status == GRADUS_OK && optimizer != NULL) status = check_numbers(context, c, optimizer, numbers);
    if (status == GRADUS_OK) status = gd_context_allocate(context, bytes, "a checkpoint's tensor", &memory);
    if (status != GRADUS_OK) return status;
    status = put_tensors(context, table, memory, net, optimizer, best);
    if (optimizer != NULL) gd_checkpoint_optimizer_set(optimizer, numbers);
    gd_release(&context->allocator, memory, bytes);
    return status;
}

gradus_status gradus_checkpoint_restore(gradus_context *context, const gradus_checkpoint *checkpoint, gradus_net *net, gradus_optimizer *optimizer,
                                        gradus_net *best) {
    gd_checkpoint_table table;
    if (context == NULL) return GRADUS_INVALID_ARGUMENT;
    if (checkpoint == NULL || net == NULL)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_restore: %s is NULL", net == NULL ? "net" : "checkpoint");
    if (best != NULL && !gd_net_same_shape(net, best))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_restore: the best net is not of the net's shape");
    gradus_status status = gd_net_notes_compare(context, checkpoint->path, &checkpoint->file, net);
    if (status == GRADUS_OK && optimizer != NULL) status = check_optimizer(context, checkpoint, net, optimizer);
    if (status == GRADUS_OK) status = gd_checkpoint_table_make(context, net, checkpoint->best, optimizer, &table);
    if (status != GRADUS_OK) return status;
    status = restore(context, checkpoint, &table, net, optimizer, best);
    gd_checkpoint_table_free(context, &table);
    return status;
}
