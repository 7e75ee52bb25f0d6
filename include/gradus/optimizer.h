/* Optimizers on arrays in the caller's memory: make one for a list of parameters, then step it with their gradients. */
#ifndef GRADUS_OPTIMIZER_H
#define GRADUS_OPTIMIZER_H

#include <gradus/context.h>
#include <gradus/tensor.h>

GRADUS_BEGIN_DECLS

/* The algorithms, each one formula of one framework: GRADUS_OPTIMIZER_ADAM (torch's), GRADUS_OPTIMIZER_ADAM_KERAS, ... from optimizers.def. 0 is
 * unset. */
typedef int32_t gradus_optimizer_algorithm;
#define GRADUS_OPTIMIZER(number, name, NAME, ...) GRADUS_OPTIMIZER_##NAME = (number),
#define GRADUS_VARIANT(number, name, ID, ...) GRADUS_OPTIMIZER_##ID = (number),
enum {
#include <gradus/optimizers.def>
    GRADUS_OPTIMIZER_UNSET = 0
};

/* THE list of hyper-parameters: number, NAME, the command line's key, its full name, least value, greatest value. Least and greatest are allowed
 * values. Append-only. */
#define GRADUS_HYPER_PARAMETER_MAP(XX) \
    XX(0, LEARNING_RATE, lr, learning_rate, 0.0, 1e6) \
    XX(1, MOMENTUM, momentum, momentum, 0.0, 1.0) \
    XX(2, DAMPENING, dampening, dampening, 0.0, 1.0) \
    XX(3, BETA1, beta1, beta1, 0.0, 0.9999999) \
    XX(4, BETA2, beta2, beta2, 0.0, 0.9999999) \
    XX(5, EPSILON, eps, epsilon, 0.0, 1.0) \
    XX(6, WEIGHT_DECAY, weight_decay, weight_decay, 0.0, 1e6) \
    XX(7, LEARNING_RATE_DECAY, lr_decay, learning_rate_decay, 0.0, 1e6) \
    XX(8, LEARNING_RATE_FACTOR, lr_factor, learning_rate_factor, 0.0, 1.0) \
    XX(9, INITIAL_ACCUMULATOR, init, initial_accumulator, 0.0, 1e6) \
    XX(10, ALPHA, alpha, alpha, 0.0, 0.9999999) \
    XX(11, EPSILON_ROOT, eps_root, epsilon_root, 0.0, 1.0)

typedef int32_t gradus_hyper_parameter;
#define GRADUS_HYPER_PARAMETER_ENUM(number, NAME, key, name, least, greatest) GRADUS_##NAME = (number),
enum { GRADUS_HYPER_PARAMETER_MAP(GRADUS_HYPER_PARAMETER_ENUM) GRADUS_HYPER_PARAMETER_LIMIT = 32 };
#undef GRADUS_HYPER_PARAMETER_ENUM

/* What a parameter is to the model; weight penalties and matrix rules look at it. */
typedef int32_t gradus_role;
enum { GRADUS_ROLE_WEIGHT = 1, GRADUS_ROLE_BIAS = 2, GRADUS_ROLE_NORM = 3, GRADUS_ROLE_EMBEDDING = 4 };

/* Which axis of a weight matrix runs over the outputs: columns ([in, out], as gradus and Keras keep it) or rows ([out, in], torch). */
typedef int32_t gradus_axis;
enum { GRADUS_AXIS_COLUMNS = 1, GRADUS_AXIS_ROWS = 2 };

/* One parameter: its name (copied; may be NULL), its shape, its role and the group of hyper-parameters it belongs to. 64 bytes; reserved bytes are
 * zero. */
typedef struct gradus_parameter {
    const char *name;
    size_t batch, rows, columns;
    gradus_role role;
    gradus_axis output_axis;
    uint32_t group;
    uint8_t reserved[20];
} gradus_parameter;

typedef struct gradus_optimizer_config {
    size_t struct_size;
    gradus_optimizer_algorithm algorithm;
    uint32_t groups;                                       /* sets of hyper-parameters, all equal at first; at least 1 */
    double hyper_parameters[GRADUS_HYPER_PARAMETER_LIMIT]; /* [GRADUS_LEARNING_RATE] ...; those the algorithm does not use are ignored */
} gradus_optimizer_config;

/* The algorithm's defaults, one group. An unknown algorithm leaves algorithm = GRADUS_OPTIMIZER_UNSET, which gradus_optimizer_create refuses. */
GRADUS_API void gradus_optimizer_config_init_sized(gradus_optimizer_config *config, size_t struct_size, gradus_optimizer_algorithm algorithm);
static inline void gradus_optimizer_config_init(gradus_optimizer_config *config, gradus_optimizer_algorithm algorithm) {
    gradus_optimizer_config_init_sized(config, sizeof *config, algorithm);
}

/* Reads NAME[:key=value,...] ("adam:lr=0.001,beta2=0.99", "adam:variant=keras,lr=0.01"): the algorithm's defaults with these changes. Keys are `variant`
 * (another framework's formula of that name and its defaults, wherever it stands) and the short or the full names of GRADUS_HYPER_PARAMETER_MAP;
 * numbers are decimal, whatever the locale. *config must have been initialised (any algorithm).
 * Errors: INVALID_ARGUMENT; the message lists what is allowed. config is unchanged then. */
GRADUS_API gradus_status gradus_optimizer_config_parse(gradus_context *context, const char *text, gradus_optimizer_config *config);

/* What weight_decay does to an algorithm: nothing (it has no such hyper-parameter); g becomes g + weight_decay*w; w becomes w*(1 - lr*weight_decay)
 * before the step. */
typedef int32_t gradus_weight_decay_form;
enum { GRADUS_WEIGHT_DECAY_NONE = 1, GRADUS_WEIGHT_DECAY_COUPLED = 2, GRADUS_WEIGHT_DECAY_DECOUPLED = 3 };

/* What there is to know about an algorithm. Static strings. */
typedef struct gradus_optimizer_info {
    size_t struct_size;
    gradus_optimizer_algorithm algorithm;
    gradus_weight_decay_form weight_decay;
    uint32_t states, hyper_parameters;
    const char *name, *variant; /* the first algorithm of a name is what the name alone means */
    const char *formula, *source;
    const char *state_names[8];
    gradus_hyper_parameter keys[GRADUS_HYPER_PARAMETER_LIMIT]; /* the hyper-parameters it uses ... */
    double defaults[GRADUS_HYPER_PARAMETER_LIMIT];             /* ... and their defaults, in the same order */
} gradus_optimizer_info;

/* The index-th algorithm, in optimizers.def's order. Set info->struct_size first. 0: there is none (or struct_size is wrong), else 1. Thread-safe. */
GRADUS_API int gradus_optimizer_list(size_t index, gradus_optimizer_info *info);

/* The short key ("lr") and the full name ("learning_rate") of a hyper-parameter, or NULL. Static strings. */
GRADUS_API const char *gradus_hyper_parameter_key(gradus_hyper_parameter key);
GRADUS_API const char *gradus_hyper_parameter_name(gradus_hyper_parameter key);

/* State and step counts for `count` parameters. One thread at a time; nothing is kept of context but its allocator. */
typedef struct gradus_optimizer gradus_optimizer;

/* Makes an optimizer for these parameters, with its own state (+0) and step counts (0). The own state is allocated at the first step that wants it,
 * so a caller who always passes states pays nothing.
 * Errors: INVALID_ARGUMENT (algorithm, a hyper-parameter out of range, a group >= groups, a shape that overflows), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_optimizer_create(gradus_context *context, const gradus_optimizer_config *config, const gradus_parameter *parameters,
                                                 size_t count, gradus_optimizer **optimizer);
GRADUS_API void gradus_optimizer_destroy(gradus_context *context, gradus_optimizer *optimizer);

/* One step's arguments. All tensors are F32, of the shapes given at creation, in the caller's memory, any strides; parameters[i], its states and its
 * gradient must not overlap one another or another tensor's parameters or states. */
typedef struct gradus_step_args {
    size_t struct_size;
    const gradus_tensor *parameters; /* [count], updated in place */
    const gradus_tensor *gradients;  /* [count], read only unless a flag says otherwise; data NULL: this tensor is skipped, its step count too */
    const gradus_tensor *states;     /* [state][count], updated in place; NULL: the optimizer's own */
    uint64_t *steps;                 /* [count] steps taken so far, counted up; NULL: the optimizer's own */
    double gradient_scale;           /* multiplies every gradient first (1/loss scale); finite */
    double clip_value;               /* > 0: then every gradient is cut to -clip_value .. clip_value (NaN stays); 0: it is not */
    uint32_t flags;                  /* GRADUS_STEP_* */
    uint32_t reserved;               /* 0 */
} gradus_step_args;

/* ZERO_GRADIENTS: a gradient becomes +0 once it has been used, so that the next backward pass can add to it. */
enum { GRADUS_STEP_ZERO_GRADIENTS = 1 };

GRADUS_API void gradus_step_args_init_sized(gradus_step_args *args, size_t struct_size);
static inline void gradus_step_args_init(gradus_step_args *args) { gradus_step_args_init_sized(args, sizeof *args); }

/* One step of every parameter that has a gradient: scale, clip, weight decay, rule. An element's new value depends on its own inputs only: not on its
 * position, the tensor's size, the thread count or the ISA. Formulas: docs/numerics.md.
 * Everything is checked before anything is changed. Errors: INVALID_ARGUMENT (shape, dtype, strides, NULL, a scale or clip value out of range),
 * UNSUPPORTED (another dtype, an unknown flag), OUT_OF_MEMORY (own state, at first use), INTERRUPTED (before the first change). */
GRADUS_API gradus_status gradus_optimizer_step(gradus_context *context, gradus_optimizer *optimizer, const gradus_step_args *args);

/* Sets or gets a hyper-parameter of a group; cheap, between steps. Errors: INVALID_ARGUMENT (group, a key the algorithm does not use, a value that is
 * not finite or out of the map's range). */
GRADUS_API gradus_status gradus_optimizer_set(gradus_context *context, gradus_optimizer *optimizer, uint32_t group, gradus_hyper_parameter key,
                                              double value);
GRADUS_API gradus_status gradus_optimizer_get(gradus_context *context, const gradus_optimizer *optimizer, uint32_t group, gradus_hyper_parameter key,
                                              double *value);

/* Steps taken so far of parameter `index` by the optimizer's own count. Errors: INVALID_ARGUMENT. */
GRADUS_API gradus_status gradus_optimizer_steps(gradus_context *context, const gradus_optimizer *optimizer, size_t index, uint64_t *steps);

/* Sets that count, with the states all that a run needs to go on as if it had not stopped. Errors: INVALID_ARGUMENT. */
GRADUS_API gradus_status gradus_optimizer_set_steps(gradus_context *context, gradus_optimizer *optimizer, size_t index, uint64_t steps);

/* Copies the optimizer's own state number `state` (0 is the first of gradus_optimizer_info's state_names) of parameter `index` out or in. The tensor is
 * F32, of the parameter's shape, in plain order (a net's weights [inputs, outputs], biases [1, outputs]: gradus_net_optimizer_create lists each layer's
 * weights, then its bias), any strides, in the caller's memory. A state that no step has written yet is +0. Bits are kept.
 * Errors: INVALID_ARGUMENT (index, state, shape), UNSUPPORTED (dtype), OUT_OF_MEMORY (set, where the own state has to be made first). */
GRADUS_API gradus_status gradus_optimizer_state_get(gradus_context *context, const gradus_optimizer *optimizer, size_t index, uint32_t state,
                                                    const gradus_tensor *tensor);
GRADUS_API gradus_status gradus_optimizer_state_set(gradus_context *context, gradus_optimizer *optimizer, size_t index, uint32_t state,
                                                    const gradus_tensor *tensor);

GRADUS_END_DECLS

#endif
