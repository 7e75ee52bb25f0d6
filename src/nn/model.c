/* Models in files: a net as safetensors with its shape in the metadata (docs/formats.md). */
#include <gradus/model.h>

#include <string.h>

#include "base/bytes.h"
#include "base/context.h"
#include "base/memory.h"
#include "format/safetensors.h"
#include "format/utf8.h"
#include "nn/net_notes.h"

#define MODEL_FORMAT "gradus-model/1"

/* A layer's two tensors, as they stand in a file. */
typedef struct layer_tensors {
    char weight_name[GD_PARAMETER_NAME], bias_name[GD_PARAMETER_NAME];
    gd_safetensor weight, bias;
} layer_tensors;

/* Fills in names and shapes; data is left alone. The pointers lead into *tensors. */
static void describe_layer(size_t index, size_t inputs, size_t outputs, layer_tensors *tensors) {
    gd_parameter_name(tensors->weight_name, 2 * index);
    gd_parameter_name(tensors->bias_name, 2 * index + 1);
    tensors->weight = (gd_safetensor){.name = tensors->weight_name, .dtype = "F32", .dimensions = 2, .shape = {inputs, outputs}};
    tensors->bias = (gd_safetensor){.name = tensors->bias_name, .dtype = "F32", .dimensions = 1, .shape = {outputs}};
}

/* One layer's parameters in plain order, in one block: weights [inputs, outputs], then the bias. */
typedef struct layer_buffer {
    float *values;
    size_t weights, outputs, bytes;
    gradus_tensor weight, bias;
} layer_buffer;

static gradus_status allocate_layer(gradus_context *context, size_t inputs, size_t outputs, layer_buffer *buffer) {
    size_t count;
    memset(buffer, 0, sizeof *buffer);
    if (!gd_size_multiply(inputs, outputs, &buffer->weights) || !gd_size_add(buffer->weights, outputs, &count) ||
        !gd_size_multiply(count, sizeof(float), &buffer->bytes)) {
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "a layer of %zu x %zu does not fit in memory", inputs, outputs);
    }
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, buffer->bytes, "a layer's parameters", &memory);
    if (status != GRADUS_OK) return status;
    buffer->values = memory;
    buffer->outputs = outputs;
    buffer->weight = gradus_tensor_matrix(GRADUS_DTYPE_F32, buffer->values, inputs, outputs);
    buffer->bias = gradus_tensor_vector(GRADUS_DTYPE_F32, buffer->values + buffer->weights, outputs);
    return GRADUS_OK;
}

/* Saving. */

static gradus_status write_layer(gradus_context *context, gd_writer *out, const gradus_net *net, size_t index, size_t inputs, size_t outputs) {
    layer_buffer buffer;
    gradus_status status = allocate_layer(context, inputs, outputs, &buffer);
    if (status != GRADUS_OK) return status;
    status = gradus_net_get(context, net, index, &buffer.weight, &buffer.bias);
    if (status == GRADUS_OK) gd_write_f32le(out, buffer.values, buffer.weights + buffer.outputs);
    gd_release(&context->allocator, buffer.values, buffer.bytes);
    return status;
}

/* names: memory for one layer_tensors a layer; tensors: for two descriptions a layer. */
static bool write_header(gd_writer *out, const gradus_net *net, const gd_net_notes *shape, const char *schema, layer_tensors *names,
                         gd_safetensor *tensors) {
    size_t count = gradus_net_layer_count(net), inputs = gradus_net_inputs(net);
    for (size_t i = 0; i < count; i++) {
        size_t outputs = gradus_net_layer(net, i).outputs;
        describe_layer(i, inputs, outputs, &names[i]);
        tensors[2 * i] = names[i].weight;
        tensors[2 * i + 1] = names[i].bias;
        inputs = outputs;
    }
    gd_safetensors_note notes[GD_NET_NOTES + 4] = {{"format", MODEL_FORMAT}, {"gradus", gradus_version()}, {"numerics", gradus_numerics_version()}};
    size_t used = 3;
    for (size_t i = 0; i < shape->count; i++) notes[used++] = shape->notes[i];
    if (schema != NULL) notes[used++] = (gd_safetensors_note){"schema", schema};
    return gd_safetensors_write_header(out, notes, used, tensors, 2 * count);
}

static gradus_status write_model(gradus_context *context, const gradus_net *net, const char *schema, gd_writer *out) {
    size_t count = gradus_net_layer_count(net), inputs = gradus_net_inputs(net);
    size_t bytes = count * (sizeof(layer_tensors) + 2 * sizeof(gd_safetensor));
    void *memory = NULL;
    gradus_status status = gd_context_allocate(context, bytes, "the table of tensors", &memory);
    if (status != GRADUS_OK) return status;
    layer_tensors *names = memory;
    gd_net_notes shape;
    bool fits =
        gd_net_notes_make(&context->allocator, net, &shape) && write_header(out, net, &shape, schema, names, (gd_safetensor *)(names + count));
    out->failed = out->failed || !fits;
    gd_net_notes_free(&shape);
    gd_release(&context->allocator, memory, bytes);
    for (size_t i = 0; i < count && status == GRADUS_OK; i++) {
        size_t outputs = gradus_net_layer(net, i).outputs;
        status = write_layer(context, out, net, i, inputs, outputs);
        inputs = outputs;
    }
    return status;
}

gradus_status gradus_model_save(gradus_context *context, const gradus_net *net, const char *schema, const char *path) {
    if (context == NULL) return GRADUS_INVALID_ARGUMENT;
    if (net == NULL || path == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_model_save: %s is NULL", net == NULL ? "net" : "path");
    gd_writer out = gd_writer_make(&context->allocator);
    gradus_status status = write_model(context, net, schema, &out);
    if (status == GRADUS_OK && out.failed) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: no memory for the file's contents", path);
    if (status == GRADUS_OK) status = gd_file_replace(context, path, out.data, out.size);
    gd_writer_free(&out);
    return status;
}

/* Loading. */

/* Whose file it is; then the net's config. */
static gradus_status read_shape(gradus_context *context, const char *path, const gd_safetensors *file, gd_net_shape *shape) {
    char text[64] = "missing";
    const char *format = gd_safetensors_metadata(file, "format");
    if (format != NULL && strcmp(format, MODEL_FORMAT) == 0) return gd_net_notes_read(context, path, file, shape);
    if (format != NULL) gd_copy_printable(text, sizeof text, format);
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a model of this version of gradus: metadata \"format\" is %s, expected %s", path, text,
                   MODEL_FORMAT);
}

static gradus_status find_tensor(gradus_context *context, const char *path, const gd_safetensors *file, gd_safetensor *wanted) {
    const gd_safetensor *found = gd_safetensors_find(file, wanted->name);
    if (found == NULL) return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid model: tensor \"%s\" is missing", path, wanted->name);
    bool same = strcmp(found->dtype, wanted->dtype) == 0 && found->dimensions == wanted->dimensions;
    for (size_t i = 0; same && i < wanted->dimensions; i++) same = found->shape[i] == wanted->shape[i];
    if (!same) {
        return gd_fail(context, GRADUS_BAD_DATA,
                       "%s: not a valid model: tensor \"%s\" is not F32 of the shape that the metadata's \"layers\" gives it", path, wanted->name);
    }
    *wanted = *found;
    return GRADUS_OK;
}

static gradus_status find_layer(gradus_context *context, const char *path, const gd_safetensors *file, layer_tensors *tensors) {
    gradus_status status = find_tensor(context, path, file, &tensors->weight);
    return status == GRADUS_OK ? find_tensor(context, path, file, &tensors->bias) : status;
}

/* Every tensor is there in the right shape, and no other, so that the net takes about as much memory as the file. */
static gradus_status check_tensors(gradus_context *context, const char *path, const gd_safetensors *file, const gradus_net_config *config) {
    if (file->count != 2 * config->layer_count) {
        return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid model: %zu tensors where %zu layers need %zu", path, file->count,
                       config->layer_count, 2 * config->layer_count);
    }
    size_t inputs = config->inputs;
    for (size_t i = 0; i < config->layer_count; i++) {
        layer_tensors tensors;
        describe_layer(i, inputs, config->layers[i].outputs, &tensors);
        gradus_status status = find_layer(context, path, file, &tensors);
        if (status != GRADUS_OK) return status;
        inputs = config->layers[i].outputs;
    }
    return GRADUS_OK;
}

static gradus_status read_layer(gradus_context *context, const char *path, const gd_safetensors *file, gradus_net *net, size_t index, size_t inputs) {
    layer_tensors tensors;
    layer_buffer buffer;
    size_t outputs = gradus_net_layer(net, index).outputs;
    describe_layer(index, inputs, outputs, &tensors);
    gradus_status status = find_layer(context, path, file, &tensors);
    if (status == GRADUS_OK) status = allocate_layer(context, inputs, outputs, &buffer);
    if (status != GRADUS_OK) return status;
    gd_load_f32le(buffer.values, tensors.weight.data, buffer.weights);
    gd_load_f32le(buffer.values + buffer.weights, tensors.bias.data, buffer.outputs);
    status = gradus_net_set(context, net, index, &buffer.weight, &buffer.bias);
    gd_release(&context->allocator, buffer.values, buffer.bytes);
    return status;
}

static gradus_status read_net(gradus_context *context, const char *path, const gd_safetensors *file, const gd_net_shape *shape, gradus_net **net) {
    const gradus_net_config *config = &shape->config;
    gradus_status status = gradus_net_create(context, config, net);
    if (status == GRADUS_INVALID_ARGUMENT) return gd_refuse_model(context, path);
    size_t inputs = config->inputs;
    if (status == GRADUS_OK && shape->scaling != NULL) status = gradus_net_set_scaling(context, *net, shape->scaling, shape->scaling + inputs);
    for (size_t i = 0; i < config->layer_count && status == GRADUS_OK; i++) {
        status = read_layer(context, path, file, *net, i, inputs);
        inputs = config->layers[i].outputs;
    }
    if (status != GRADUS_OK) {
        gradus_net_destroy(context, *net);
        *net = NULL;
    }
    return status;
}

/* The schema's text as the caller's own. */
static gradus_status copy_schema(gradus_context *context, const gd_safetensors *file, char **schema) {
    const char *text = gd_safetensors_metadata(file, "schema");
    void *memory;
    if (schema == NULL || text == NULL) return GRADUS_OK;
    gradus_status status = gd_context_allocate(context, strlen(text) + 1, "a model's schema", &memory);
    if (status == GRADUS_OK) *schema = strcpy(memory, text);
    return status;
}

gradus_status gradus_model_load(gradus_context *context, const char *path, gradus_net **net, char **schema) {
    if (schema != NULL) *schema = NULL;
    if (net != NULL) *net = NULL;
    if (context == NULL || net == NULL) return GRADUS_INVALID_ARGUMENT;
    if (path == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_model_load: path is NULL");
    gd_safetensors file;
    gradus_status status = gd_safetensors_read(context, path, SIZE_MAX, &file);
    if (status != GRADUS_OK) return status;
    gd_net_shape shape = {.layers = NULL};
    status = read_shape(context, path, &file, &shape);
    if (status == GRADUS_OK) status = check_tensors(context, path, &file, &shape.config);
    if (status == GRADUS_OK) status = copy_schema(context, &file, schema);
    if (status == GRADUS_OK) status = read_net(context, path, &file, &shape, net);
    if (status != GRADUS_OK && schema != NULL) {
        gradus_text_release(context, *schema);
        *schema = NULL;
    }
    gd_net_shape_free(context, &shape);
    gd_safetensors_free(&file);
    return status;
}
