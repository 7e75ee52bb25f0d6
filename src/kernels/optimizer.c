/* Optimizers as objects: creation, hyper-parameters, own state, and the step in three parts. */
#include "kernels/optimizer.h"

#include <string.h>

#include "base/fp.h"
#include "kernels/tensor.h"

/* Elements of a parameter by its shape; false where that overflows. */
static bool shape_size(const gradus_parameter *parameter, size_t *size) {
    return gd_size_multiply(parameter->rows, parameter->columns, size) && gd_size_multiply(*size, parameter->batch, size);
}

static size_t state_stride(size_t size) { return gd_round_up(size, GD_ALIGNMENT / sizeof(float)); }

static gradus_status check_parameter(gradus_context *context, const gradus_parameter *parameter, size_t index, uint32_t groups) {
    size_t size;
    for (size_t i = 0; i < sizeof parameter->reserved; i++)
        if (parameter->reserved[i]) return gd_fail(context, GRADUS_UNSUPPORTED, "parameter %zu: reserved bytes must be 0", index);
    if (!shape_size(parameter, &size) || size > PTRDIFF_MAX / sizeof(float))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "parameter %zu: %zu x %zu x %zu does not fit in memory", index, parameter->batch,
                       parameter->rows, parameter->columns);
    if (parameter->role < GRADUS_ROLE_WEIGHT || parameter->role > GRADUS_ROLE_EMBEDDING)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "parameter %zu: role %d is unknown (GRADUS_ROLE_WEIGHT, ...)", index, (int)parameter->role);
    if (parameter->output_axis != GRADUS_AXIS_COLUMNS && parameter->output_axis != GRADUS_AXIS_ROWS)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "parameter %zu: output_axis %d is unknown (GRADUS_AXIS_COLUMNS or _ROWS)", index,
                       (int)parameter->output_axis);
    if (parameter->group >= groups)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "parameter %zu: group %u, but there are %u groups", index, (unsigned)parameter->group,
                       (unsigned)groups);
    return GRADUS_OK;
}

static gradus_status check(gradus_context *context, const gradus_optimizer_config *config, const gradus_parameter *parameters, size_t count) {
    const gd_algorithm *algorithm = gd_algorithm_find(config->algorithm);
    gradus_status status = GRADUS_OK;
    if (!algorithm) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_create: algorithm %d is unknown", (int)config->algorithm);
    if (config->groups == 0) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_create: groups must be at least 1");
    if (count && !parameters) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_create: parameters is NULL");
    for (size_t i = 0; status == GRADUS_OK && algorithm->defaults[i].key >= 0; i++)
        status = gd_hyper_parameter_check(context, algorithm, algorithm->defaults[i].key, config->hyper_parameters[algorithm->defaults[i].key],
                                          "gradus_optimizer_create");
    for (size_t i = 0; status == GRADUS_OK && i < count; i++) status = check_parameter(context, &parameters[i], i, config->groups);
    return status;
}

gradus_status gd_parameter_check_tensor(gradus_context *context, const gradus_tensor *tensor, const gradus_parameter *parameter, const char *what) {
    gradus_status status = gd_tensor_check(context, tensor, what);
    if (status != GRADUS_OK) return status;
    if (tensor->dtype != GRADUS_DTYPE_F32) return gd_fail(context, GRADUS_UNSUPPORTED, "%s: dtype %d is not F32", what, (int)tensor->dtype);
    if (tensor->batch != parameter->batch || tensor->rows != parameter->rows || tensor->columns != parameter->columns)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: its shape is %zu x %zu x %zu, the parameter's %zu x %zu x %zu", what, tensor->batch,
                       tensor->rows, tensor->columns, parameter->batch, parameter->rows, parameter->columns);
    return GRADUS_OK;
}

/* Where each parameter and its own state lie. */
static gradus_status lay_out(gradus_context *context, gradus_optimizer *optimizer, const size_t *sizes) {
    const uint32_t states = gd_algorithm_states(optimizer->algorithm);
    gd_extent at = {0};
    bool fits = true;
    for (size_t i = 0; i < optimizer->count; i++) {
        size_t own;
        if (sizes) {
            at.size = sizes[i];
        } else {
            (void)shape_size(&optimizer->parameters[i], &at.size);
        }
        at.group = optimizer->parameters[i].group;
        optimizer->extents[i] = at;
        fits = fits && gd_size_add(at.offset, at.size, &at.offset) && gd_size_multiply(states, state_stride(at.size), &own) &&
               gd_size_add(at.own, own, &at.own);
    }
    optimizer->extents[optimizer->count] = at;
    if (!fits || at.own > PTRDIFF_MAX / sizeof(float))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "optimizer: %zu parameters, all together, do not fit in memory", optimizer->count);
    return GRADUS_OK;
}

/* Copies the list and the names into the optimizer's own memory. */
static gradus_status copy_parameters(gradus_context *context, gradus_optimizer *optimizer, const gradus_parameter *parameters) {
    size_t list, extents, used = 0;
    const size_t count = optimizer->count;
    if (!gd_size_multiply(count, sizeof *parameters, &list) || !gd_size_multiply(count + 1, sizeof(gd_extent), &extents))
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "optimizer: %zu parameters are too many", count);
    for (size_t i = 0; i < count; i++) optimizer->names_size += parameters[i].name ? strlen(parameters[i].name) + 1 : 0;
    optimizer->parameters = gd_allocate(&optimizer->allocator, list);
    optimizer->extents = gd_allocate(&optimizer->allocator, extents);
    optimizer->steps = gd_allocate_zeroed(&optimizer->allocator, count * sizeof(uint64_t)); /* fits: smaller than the list */
    optimizer->names = gd_allocate(&optimizer->allocator, optimizer->names_size);
    if (!optimizer->parameters || !optimizer->extents || !optimizer->steps || !optimizer->names)
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "optimizer: out of memory for %zu parameters", count);
    for (size_t i = 0; i < count; i++) {
        optimizer->parameters[i] = parameters[i];
        if (!parameters[i].name) continue;
        const size_t length = strlen(parameters[i].name) + 1;
        optimizer->parameters[i].name = memcpy(optimizer->names + used, parameters[i].name, length);
        used += length;
    }
    return GRADUS_OK;
}

static gradus_status fill(gradus_context *context, gradus_optimizer *optimizer, const gradus_optimizer_config *config,
                          const gradus_parameter *parameters, const size_t *sizes) {
    size_t bytes;
    if (!gd_size_multiply(config->groups, sizeof *optimizer->hyper_parameters, &bytes) ||
        !(optimizer->hyper_parameters = gd_allocate(&optimizer->allocator, bytes)))
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "optimizer: out of memory for %u groups", (unsigned)config->groups);
    for (uint32_t g = 0; g < config->groups; g++)
        for (gradus_hyper_parameter key = 0; key < GRADUS_HYPER_PARAMETER_LIMIT; key++)
            optimizer->hyper_parameters[g][key] = gd_algorithm_uses(optimizer->algorithm, key) ? config->hyper_parameters[key] : 0.0;
    gradus_status status = copy_parameters(context, optimizer, parameters);
    return status == GRADUS_OK ? lay_out(context, optimizer, sizes) : status;
}

gradus_status gd_optimizer_make(gradus_context *context, const gradus_optimizer_config *given, const gradus_parameter *parameters,
                                const size_t *sizes, size_t count, gradus_optimizer **optimizer) {
    gradus_optimizer_config config;
    void *memory;
    *optimizer = NULL;
    if (!given) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_create: config is NULL");
    gradus_optimizer_config_init(&config, given->algorithm);
    gradus_status status = gd_read_struct(context, "gradus_optimizer_config", given, &config, sizeof config);
    if (status == GRADUS_OK) status = check(context, &config, parameters, count);
    if (status == GRADUS_OK) status = gd_context_allocate(context, sizeof **optimizer, "optimizer", &memory);
    if (status != GRADUS_OK) return status;
    *optimizer = memory;
    memset(memory, 0, sizeof **optimizer);
    (*optimizer)->allocator = context->allocator;
    (*optimizer)->algorithm = gd_algorithm_find(config.algorithm);
    (*optimizer)->groups = config.groups;
    (*optimizer)->count = count;
    (*optimizer)->for_net = sizes != NULL;
    status = fill(context, *optimizer, &config, parameters, sizes);
    if (status != GRADUS_OK) {
        gradus_optimizer_destroy(context, *optimizer);
        *optimizer = NULL;
    }
    return status;
}

gradus_status gradus_optimizer_create(gradus_context *context, const gradus_optimizer_config *config, const gradus_parameter *parameters,
                                      size_t count, gradus_optimizer **optimizer) {
    return gd_optimizer_make(context, config, parameters, NULL, count, optimizer);
}

void gradus_optimizer_destroy(gradus_context *context, gradus_optimizer *optimizer) {
    (void)context;
    if (!optimizer) return;
    const gradus_allocator allocator = optimizer->allocator;
    gd_release(&allocator, optimizer->states, optimizer->states_size);
    gd_release(&allocator, optimizer->accumulation.nodes, optimizer->accumulation.capacity);
    gd_release(&allocator, optimizer->hyper_parameters, optimizer->groups * sizeof *optimizer->hyper_parameters);
    gd_release(&allocator, optimizer->parameters, optimizer->count * sizeof *optimizer->parameters);
    gd_release(&allocator, optimizer->extents, (optimizer->count + 1) * sizeof *optimizer->extents);
    gd_release(&allocator, optimizer->steps, optimizer->count * sizeof *optimizer->steps);
    gd_release(&allocator, optimizer->names, optimizer->names_size);
    gd_release(&allocator, optimizer, sizeof *optimizer);
}

float *gd_optimizer_state(const gradus_optimizer *optimizer, size_t index, uint32_t j) {
    const gd_extent *extent = &optimizer->extents[index];
    return optimizer->states + extent->own + j * state_stride(extent->size);
}

gradus_status gd_optimizer_own_states(gradus_context *context, gradus_optimizer *optimizer) {
    const size_t floats = optimizer->extents[optimizer->count].own;
    if (optimizer->states || !floats) return GRADUS_OK;
    optimizer->states_size = floats * sizeof(float);
    optimizer->states = gd_allocate_zeroed(&optimizer->allocator, optimizer->states_size);
    if (!optimizer->states) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "optimizer: out of memory for %zu elements of state", floats);
    return GRADUS_OK;
}

void gd_optimizer_bind(const gradus_optimizer *optimizer, gd_update *updates) {
    const uint32_t states = gd_algorithm_states(optimizer->algorithm);
    for (size_t i = 0; i < optimizer->count; i++)
        for (uint32_t j = 0; j < states; j++) updates[i].states[j] = gd_optimizer_state(optimizer, i, j);
}

void gd_optimizer_begin(const gradus_context *context, const gradus_optimizer *optimizer, gd_formula *formulas, gd_update *updates) {
    const gd_extent *extents = optimizer->extents;
    const uint64_t *steps = optimizer->steps;
    for (size_t i = 0; i < optimizer->count; i++) {
        const uint32_t group = extents[i].group;
        const bool same = i > 0 && group == extents[i - 1].group && steps[i] == steps[i - 1];
        if (!same) gd_formula_prepare(&formulas[i], context->kernels, optimizer->algorithm, optimizer->hyper_parameters[group], steps[i] + 1);
        gd_update_set(&updates[i], same ? updates[i - 1].formula : &formulas[i], (gd_stages){.scale = 1.0f});
    }
}

void gd_optimizer_end(gradus_optimizer *optimizer) {
    for (size_t i = 0; i < optimizer->count; i++) optimizer->steps[i]++;
}

static gradus_status check_group(gradus_context *context, const gradus_optimizer *optimizer, uint32_t group, const char *what) {
    if (group < optimizer->groups) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: group %u, but there are %u", what, (unsigned)group, (unsigned)optimizer->groups);
}

gradus_status gradus_optimizer_set(gradus_context *context, gradus_optimizer *optimizer, uint32_t group, gradus_hyper_parameter key, double value) {
    gradus_status status = check_group(context, optimizer, group, "gradus_optimizer_set");
    if (status == GRADUS_OK) status = gd_hyper_parameter_check(context, optimizer->algorithm, key, value, "gradus_optimizer_set");
    if (status == GRADUS_OK) optimizer->hyper_parameters[group][key] = value;
    return status;
}

gradus_status gradus_optimizer_get(gradus_context *context, const gradus_optimizer *optimizer, uint32_t group, gradus_hyper_parameter key,
                                   double *value) {
    gradus_status status = check_group(context, optimizer, group, "gradus_optimizer_get");
    if (status == GRADUS_OK && (key < 0 || key >= GRADUS_HYPER_PARAMETER_LIMIT))
        status = gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_get: hyper-parameter %d is unknown", (int)key);
    if (status == GRADUS_OK) /* the value itself is fine: this checks that the rule uses the key */
        status = gd_hyper_parameter_check(context, optimizer->algorithm, key, optimizer->hyper_parameters[group][key], "gradus_optimizer_get");
    if (status == GRADUS_OK) *value = optimizer->hyper_parameters[group][key];
    return status;
}

gradus_status gradus_optimizer_steps(gradus_context *context, const gradus_optimizer *optimizer, size_t index, uint64_t *steps) {
    if (index >= optimizer->count)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_steps: parameter %zu, but there are %zu", index, optimizer->count);
    *steps = optimizer->steps[index];
    return GRADUS_OK;
}
