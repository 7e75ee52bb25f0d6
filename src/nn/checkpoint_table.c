/* The list of a checkpoint's tensors. */
#include "nn/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "nn/net_notes.h"
#include "nn/train_state.h"

static gradus_optimizer_info info_of(const gradus_optimizer *optimizer) {
    gradus_optimizer_info info = {.struct_size = sizeof info};
    for (size_t i = 0; gradus_optimizer_list(i, &info) && info.algorithm != optimizer->algorithm->number;) i++;
    return info;
}

void gd_checkpoint_algorithm(const gradus_optimizer *optimizer, char name[GD_ALGORITHM_NAME]) {
    snprintf(name, GD_ALGORITHM_NAME, "%s:variant=%s", optimizer->algorithm->name, optimizer->algorithm->variant);
}

/* Hyper-parameters, a row a key as the list of optimizers has them, a column a group; then the step counts. */
void gd_checkpoint_optimizer_get(const gradus_optimizer *optimizer, uint64_t *numbers) {
    const gradus_optimizer_info info = info_of(optimizer);
    for (uint32_t k = 0; k < info.hyper_parameters; k++)
        for (uint32_t g = 0; g < optimizer->groups; g++) memcpy(numbers++, &optimizer->hyper_parameters[g][info.keys[k]], sizeof *numbers);
    memcpy(numbers, optimizer->steps, optimizer->count * sizeof *numbers);
}

gradus_status gd_checkpoint_optimizer_check(gradus_context *context, const gradus_optimizer *optimizer, const uint64_t *numbers) {
    const gradus_optimizer_info info = info_of(optimizer);
    gradus_status status = GRADUS_OK;
    for (uint32_t i = 0; status == GRADUS_OK && i < info.hyper_parameters * optimizer->groups; i++) {
        double value;
        memcpy(&value, &numbers[i], sizeof value);
        status = gd_hyper_parameter_check(context, optimizer->algorithm, info.keys[i / optimizer->groups], value, "checkpoint");
    }
    return status;
}

void gd_checkpoint_optimizer_set(gradus_optimizer *optimizer, const uint64_t *numbers) {
    const gradus_optimizer_info info = info_of(optimizer);
    for (uint32_t k = 0; k < info.hyper_parameters; k++)
        for (uint32_t g = 0; g < optimizer->groups; g++) memcpy(&optimizer->hyper_parameters[g][info.keys[k]], numbers++, sizeof *numbers);
    memcpy(optimizer->steps, numbers, optimizer->count * sizeof *numbers);
}

gradus_tensor gd_checkpoint_parameter(const gradus_net *net, size_t index, float *memory) {
    const gd_dense dense = net->layers[index / 2].dense;
    return gradus_tensor_matrix(GRADUS_DTYPE_F32, memory, index % 2 == 0 ? dense.inputs : 1, dense.outputs);
}

/* The next entry, its name as by printf; the tensor's dtype and shape are the caller's business. */
static gd_safetensor *add(gd_checkpoint_table *table, gd_checkpoint_entry entry, const char *prefix, const char *name, const char *suffix) {
    gd_checkpoint_entry *added = &table->entries[table->count];
    *added = entry;
    snprintf(added->name, sizeof added->name, "%s%s%s", prefix, name, suffix);
    table->tensors[table->count] = (gd_safetensor){.name = added->name};
    return &table->tensors[table->count++];
}

/* `count` numbers; a single one is a scalar. */
static void add_numbers(gd_checkpoint_table *table, const char *prefix, const char *name, const char *dtype, size_t count, bool scalar) {
    gd_safetensor *tensor = add(table, (gd_checkpoint_entry){.kind = GD_CHECKPOINT_NUMBERS, .index = table->number_count}, prefix, name, "");
    tensor->dtype = dtype;
    tensor->dimensions = !scalar;
    tensor->shape[0] = scalar ? 0 : count;
    tensor->size = 8 * count;
    table->number_count += count;
    table->data_size += tensor->size;
}

/* A tensor of the shape of the net's parameter `index`: weights [inputs, outputs], biases [outputs]. */
static void add_floats(gd_checkpoint_table *table, const gradus_net *net, gd_checkpoint_entry entry, const char *prefix, const char *suffix) {
    char name[GD_PARAMETER_NAME];
    gd_parameter_name(name, entry.index);
    gd_safetensor *tensor = add(table, entry, prefix, name, suffix);
    const gradus_tensor shape = gd_checkpoint_parameter(net, entry.index, NULL);
    const size_t floats = shape.rows * shape.columns;
    tensor->dtype = "F32";
    tensor->dimensions = entry.index % 2 == 0 ? 2 : 1;
    tensor->shape[0] = entry.index % 2 == 0 ? shape.rows : shape.columns;
    tensor->shape[1] = entry.index % 2 == 0 ? shape.columns : 0;
    tensor->size = floats * sizeof(float);
    table->data_size += tensor->size;
    if (floats > table->largest) table->largest = floats;
}

static void add_optimizer_numbers(gd_checkpoint_table *table, const gradus_optimizer *optimizer) {
    const gradus_optimizer_info info = info_of(optimizer);
    for (uint32_t k = 0; k < info.hyper_parameters; k++)
        add_numbers(table, "optimizer.", gradus_hyper_parameter_name(info.keys[k]), "F64", optimizer->groups, false);
    add_numbers(table, "optimizer.", "steps", "U64", optimizer->count, false);
}

static void add_states(gd_checkpoint_table *table, const gradus_net *net, const gradus_optimizer *optimizer) {
    const gradus_optimizer_info info = info_of(optimizer);
    for (size_t p = 0; p < optimizer->count; p++)
        for (uint32_t j = 0; j < info.states; j++) {
            char suffix[32];
            snprintf(suffix, sizeof suffix, ".%s", info.state_names[j]);
            add_floats(table, net, (gd_checkpoint_entry){.kind = GD_CHECKPOINT_STATES, .index = p, .state = j}, "optimizer.", suffix);
        }
}

static void fill(gd_checkpoint_table *table, const gradus_net *net, bool best, const gradus_optimizer *optimizer) {
    const char *name, *dtype;
    const size_t parameters = 2 * net->layer_count;
    for (size_t i = 0; (name = gd_train_state_field(i, &dtype)) != NULL; i++) add_numbers(table, "run.", name, dtype, 1, true);
    add_numbers(table, "run.", "seconds", "F64", 1, true);
    if (optimizer != NULL) add_optimizer_numbers(table, optimizer);
    for (size_t p = 0; p < parameters; p++) add_floats(table, net, (gd_checkpoint_entry){.kind = GD_CHECKPOINT_WEIGHTS, .index = p}, "", "");
    for (size_t p = 0; best && p < parameters; p++)
        add_floats(table, net, (gd_checkpoint_entry){.kind = GD_CHECKPOINT_BEST, .index = p}, "best.", "");
    if (optimizer != NULL) add_states(table, net, optimizer);
    table->tensors[table->count] = (gd_safetensor){.name = GD_CHECKPOINT_CHECK, .dtype = "U64", .size = GD_CHECK_SIZE};
    table->data_size += GD_CHECK_SIZE;
}

gradus_status gd_checkpoint_table_make(gradus_context *context, const gradus_net *net, bool best, const gradus_optimizer *optimizer,
                                       gd_checkpoint_table *table) {
    const size_t parameters = 2 * net->layer_count;
    size_t count = 1, numbers = 1, fields = 0;
    while (gd_train_state_field(fields, NULL) != NULL) fields++;
    count += fields + parameters * (best ? 2 : 1);
    numbers += fields;
    if (optimizer != NULL) {
        const gradus_optimizer_info info = info_of(optimizer);
        count += info.hyper_parameters + 1 + parameters * info.states;
        numbers += info.hyper_parameters * optimizer->groups + parameters;
    }
    memset(table, 0, sizeof *table);
    if (count + 2 > GD_JSON_MAX_MEMBERS) /* the check and the metadata are members, too */
        return gd_fail(context, GRADUS_UNSUPPORTED, "checkpoint: %zu tensors, at most %d are supported", count, GD_JSON_MAX_MEMBERS - 2);
    table->memory_size = count * sizeof *table->entries + (count + 1) * sizeof *table->tensors + numbers * sizeof *table->numbers;
    gradus_status status = gd_context_allocate(context, table->memory_size, "a checkpoint's table", &table->memory);
    if (status != GRADUS_OK) return status;
    table->fields = fields;
    table->numbers = table->memory;
    table->tensors = (gd_safetensor *)(table->numbers + numbers);
    table->entries = (gd_checkpoint_entry *)(table->tensors + count + 1);
    memset(table->numbers, 0, numbers * sizeof *table->numbers);
    fill(table, net, best, optimizer);
    return GRADUS_OK;
}

void gd_checkpoint_table_free(gradus_context *context, gd_checkpoint_table *table) {
    gd_release(&context->allocator, table->memory, table->memory_size);
    memset(table, 0, sizeof *table);
}
