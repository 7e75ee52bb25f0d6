/* Optimizers' configuration: texts, the listing, hyper-parameters, and everything that is refused. */
#include <locale.h>
#include <stdio.h>

#include "kernels/kernels.h"
#include "nets.h"
#include "rounding.h"

/* -- texts -- */

static gradus_optimizer_config parsed(gradus_context *context, const char *text) {
    gradus_optimizer_config config;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_SGD);
    config.groups = 3;
    cr_assert_eq(gradus_optimizer_config_parse(context, text, &config), GRADUS_OK, "%s: %s", text, gradus_context_message(context));
    cr_assert_eq(config.groups, 3);
    return config;
}

Test(optimizer_config, texts) {
    gradus_context *context = context_of(1);
    gradus_optimizer_config config = parsed(context, "adam");
    cr_assert_eq(config.algorithm, GRADUS_OPTIMIZER_ADAM);
    cr_assert_eq(config.hyper_parameters[GRADUS_LEARNING_RATE], 1e-3);
    cr_assert_eq(config.hyper_parameters[GRADUS_BETA1], 0.9);
    cr_assert_eq(config.hyper_parameters[GRADUS_BETA2], 0.999);
    cr_assert_eq(config.hyper_parameters[GRADUS_EPSILON], 1e-8);
    config = parsed(context, "adam:lr=0.002,beta2=99e-2,epsilon=1e-7,beta1=0");
    cr_assert_eq(config.hyper_parameters[GRADUS_LEARNING_RATE], 0.002);
    cr_assert_eq(config.hyper_parameters[GRADUS_BETA1], 0.0);
    cr_assert_eq(config.hyper_parameters[GRADUS_BETA2], 0.99);
    cr_assert_eq(config.hyper_parameters[GRADUS_EPSILON], 1e-7);
    config = parsed(context, "momentum:learning_rate=+.5,momentum=1,dampening=0.25");
    cr_assert_eq(config.algorithm, GRADUS_OPTIMIZER_MOMENTUM);
    cr_assert_eq(config.hyper_parameters[GRADUS_LEARNING_RATE], 0.5);
    cr_assert_eq(config.hyper_parameters[GRADUS_MOMENTUM], 1.0);
    cr_assert_eq(config.hyper_parameters[GRADUS_DAMPENING], 0.25);
    config = parsed(context, "adam:lr=0.002,variant=keras,beta2=0.9");
    cr_assert_eq(config.algorithm, GRADUS_OPTIMIZER_ADAM_KERAS);
    cr_assert_eq(config.hyper_parameters[GRADUS_LEARNING_RATE], 0.002);
    cr_assert_eq(config.hyper_parameters[GRADUS_EPSILON], 1e-7);
    cr_assert_eq(parsed(context, "adam:variant=torch").algorithm, GRADUS_OPTIMIZER_ADAM);
    cr_assert_eq(parsed(context, "adamw").hyper_parameters[GRADUS_WEIGHT_DECAY], 0.01);
    gradus_context_destroy(context);
}

static const struct {
    const char *text, *message;
} bad_texts[] = {
    {"", "adam"},
    {"adan", "sgd, momentum, nesterov, adagrad"},
    {"ADAM", "adam"},
    {"adam ", "adam"},
    {":lr=1", "adam"},
    {"adam:", "lr"},
    {"adam:lr", "lr="},
    {"adam:lr=", "lr="},
    {"adam:=1", "lr, beta1, beta2, eps, weight_decay, variant"},
    {"adam:variant=kers", "torch, keras, optax, seed000, seed001"},
    {"adam:variant=", "no variant ''"},
    {"adam:variant", "variant"},
    {"adam:variant=torch,variant=keras", "twice"},
    {"adam:variant=optax,weight_decay=0.1", "eps_root"},
    {"adamw:variant=seed000", "torch, keras, optax"},
    {"adam:rate=1", "'rate'"},
    {"adam:momentum=0.9", "'momentum'"},
    {"adam:lr=0.1,", "lr"},
    {"adam:lr=0.1,,beta1=0.9", "lr"},
    {"adam:lr=0.1;beta1=0.9", "'lr=0.1;beta1=0.9'"},
    {"adam:lr=0,5", "'5'"},
    {"adam:lr=nan", "'lr=nan'"},
    {"adam:lr=inf", "'lr=inf'"},
    {"adam:lr=1e999", "'lr=1e999'"},
    {"adam:lr=0x1p3", "'lr=0x1p3'"},
    {"adam:lr= 1", "'lr= 1'"},
    {"adam:lr=1 ", "'lr=1 '"},
    {"adam:lr=1e", "'lr=1e'"},
    {"adam:lr=--1", "'lr=--1'"},
    {"adam:lr=-1", "-1"},
    {"adam:beta1=1", "0.9999999"},
    {"adam:beta2=1.5", "1.5"},
    {"sgd:lr=2e6", "1000000"},
    {"momentum:momentum=1.01", "1.01"},
    {"sgd:lr=0.1:lr=0.2", "lr"},
    {"sgd:lr=0000000000000000000000000000000000000000000000000000000000000000000001", "sgd"},
};

Test(optimizer_config, texts_that_are_refused) {
    gradus_context *context = context_of(1);
    gradus_optimizer_config config, before;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_MOMENTUM);
    memcpy(&before, &config, sizeof config);
    for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++) {
        cr_assert_eq(gradus_optimizer_config_parse(context, bad_texts[i].text, &config), GRADUS_INVALID_ARGUMENT, "'%s'", bad_texts[i].text);
        cr_assert(says(context, bad_texts[i].message), "'%s': '%s' does not say '%s'", bad_texts[i].text, gradus_context_message(context),
                  bad_texts[i].message);
        cr_assert_arr_eq(&config, &before, sizeof config, "'%s' changed the config", bad_texts[i].text);
    }
    config.struct_size = 0;
    cr_assert_eq(gradus_optimizer_config_parse(context, "adam", &config), GRADUS_INVALID_ARGUMENT);
    gradus_context_destroy(context);
}

/* Decimal points whatever the locale; to nearest whatever the rounding mode. */
Test(optimizer_config, numbers_do_not_depend_on_the_host) {
    static const int roundings[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C"};
    gradus_context *context = context_of(1);
    for (size_t l = 0; l < 4 && !setlocale(LC_ALL, locales[l]); l++) continue;
    for (int r = 0; r < 3; r++) {
        gradus_optimizer_config config;
        gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAM);
        fesetround(roundings[r]);
        const gradus_status status = gradus_optimizer_config_parse(context, "adam:lr=0.3,beta1=0.1,beta2=0.7", &config);
        const int after = rounding_now();
        fesetround(FE_TONEAREST);
        cr_assert_eq(status, GRADUS_OK);
        cr_assert_eq(after, roundings[r]);
        cr_assert_eq(config.hyper_parameters[GRADUS_LEARNING_RATE], 0x1.3333333333333p-2);
        cr_assert_eq(config.hyper_parameters[GRADUS_BETA1], 0x1.999999999999ap-4);
        cr_assert_eq(config.hyper_parameters[GRADUS_BETA2], 0x1.6666666666666p-1);
    }
    gradus_context_destroy(context);
}

/* -- the listing -- */

Test(optimizer_config, the_listing_is_complete) {
    gradus_optimizer_info info = {.struct_size = sizeof info};
    gradus_context *context = context_of(1);
    const char *name = "";
    size_t count = 0;
    for (; gradus_optimizer_list(count, &info); count++) {
        char text[100];
        snprintf(text, sizeof text, "%s:variant=%s", info.name, info.variant);
        const gradus_optimizer_config config = parsed(context, text);
        cr_assert_eq(config.algorithm, info.algorithm, "%s", text);
        if (strcmp(name, info.name) != 0) cr_assert_eq(parsed(context, info.name).algorithm, info.algorithm, "%s alone", info.name);
        name = info.name;
        cr_assert(info.formula[0] && info.source[0]);
        bool decays = false;
        for (uint32_t i = 0; i < info.hyper_parameters; i++) decays |= info.keys[i] == GRADUS_WEIGHT_DECAY;
        cr_assert_eq(decays, info.weight_decay != GRADUS_WEIGHT_DECAY_NONE, "%s", text);
        for (size_t i = 0; i < count; i++) {
            gradus_optimizer_info other = {.struct_size = sizeof other};
            cr_assert_eq(gradus_optimizer_list(i, &other), 1);
            cr_assert_neq(other.algorithm, info.algorithm, "%s has the number of %s", text, other.name);
            cr_assert(strcmp(other.name, info.name) != 0 || strcmp(other.variant, info.variant) != 0, "%s is there twice", text);
        }
        for (uint32_t i = 0; i < info.states; i++) cr_assert(info.state_names[i] && info.state_names[i][0]);
        cr_assert_null(info.state_names[info.states]);
        for (uint32_t i = 0; i < info.hyper_parameters; i++) {
            cr_assert_not_null(gradus_hyper_parameter_key(info.keys[i]));
            cr_assert_not_null(gradus_hyper_parameter_name(info.keys[i]));
            cr_assert_eq(config.hyper_parameters[info.keys[i]], info.defaults[i]);
        }
    }
    cr_assert_eq(count, GD_ALGORITHM_COUNT);
    info.struct_size = 0;
    cr_assert_eq(gradus_optimizer_list(0, &info), 0);
    cr_assert_str_eq(gradus_hyper_parameter_key(GRADUS_LEARNING_RATE), "lr");
    cr_assert_str_eq(gradus_hyper_parameter_name(GRADUS_EPSILON), "epsilon");
    cr_assert_null(gradus_hyper_parameter_key(-1));
    cr_assert_null(gradus_hyper_parameter_name(12));
    cr_assert_null(gradus_hyper_parameter_name(GRADUS_HYPER_PARAMETER_LIMIT));
    gradus_context_destroy(context);
}

/* -- creation -- */

static gradus_parameter plain_parameter(void) {
    return (gradus_parameter){"layers.0.weight", 1, 3, 4, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
}

static void refused(gradus_context *context, const gradus_optimizer_config *config, const gradus_parameter *parameter, gradus_status expected,
                    const char *message) {
    gradus_optimizer *optimizer = (gradus_optimizer *)context;
    cr_assert_eq(gradus_optimizer_create(context, config, parameter, 1, &optimizer), expected, "%s", gradus_context_message(context));
    cr_assert_null(optimizer);
    cr_assert(says(context, message), "'%s' does not say '%s'", gradus_context_message(context), message);
}

Test(optimizer_config, creation) {
    gradus_context *context = context_of(1);
    gradus_optimizer_config config;
    gradus_parameter p = plain_parameter();
    gradus_optimizer *optimizer;
    gradus_optimizer_config_init(&config, 77);
    cr_assert_eq(config.algorithm, GRADUS_OPTIMIZER_UNSET);
    refused(context, &config, &p, GRADUS_INVALID_ARGUMENT, "algorithm 0");
    refused(context, NULL, &p, GRADUS_INVALID_ARGUMENT, "NULL");
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAM);
    refused(context, &config, NULL, GRADUS_INVALID_ARGUMENT, "NULL");
#define REFUSED(STATUS, MESSAGE, ...) \
    do { \
        gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAM); \
        p = plain_parameter(); \
        __VA_ARGS__; \
        refused(context, &config, &p, STATUS, MESSAGE); \
    } while (0)
    REFUSED(GRADUS_INVALID_ARGUMENT, "struct_size", config.struct_size = 0);
    REFUSED(GRADUS_INVALID_ARGUMENT, "groups", config.groups = 0);
    REFUSED(GRADUS_INVALID_ARGUMENT, "learning_rate", config.hyper_parameters[GRADUS_LEARNING_RATE] = -1e-9);
    REFUSED(GRADUS_INVALID_ARGUMENT, "learning_rate", config.hyper_parameters[GRADUS_LEARNING_RATE] = NAN);
    REFUSED(GRADUS_INVALID_ARGUMENT, "learning_rate", config.hyper_parameters[GRADUS_LEARNING_RATE] = INFINITY);
    REFUSED(GRADUS_INVALID_ARGUMENT, "beta2", config.hyper_parameters[GRADUS_BETA2] = 1.0);
    REFUSED(GRADUS_INVALID_ARGUMENT, "epsilon", config.hyper_parameters[GRADUS_EPSILON] = 1.5);
    REFUSED(GRADUS_INVALID_ARGUMENT, "role 0", p.role = 0);
    REFUSED(GRADUS_INVALID_ARGUMENT, "role 5", p.role = 5);
    REFUSED(GRADUS_INVALID_ARGUMENT, "output_axis 3", p.output_axis = 3);
    REFUSED(GRADUS_INVALID_ARGUMENT, "group 1", p.group = 1);
    REFUSED(GRADUS_UNSUPPORTED, "reserved", p.reserved[19] = 1);
    REFUSED(GRADUS_INVALID_ARGUMENT, "memory", p.rows = SIZE_MAX / 2);
    REFUSED(GRADUS_INVALID_ARGUMENT, "memory", p.batch = SIZE_MAX);
    REFUSED(GRADUS_INVALID_ARGUMENT, "memory", p.columns = SIZE_MAX / 4; p.rows = 1);
#undef REFUSED
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_SGD);
    config.hyper_parameters[GRADUS_BETA1] = NAN; /* not one of sgd's */
    p = plain_parameter();
    cr_assert_eq(gradus_optimizer_create(context, &config, &p, 1, &optimizer), GRADUS_OK);
    gradus_optimizer_destroy(context, optimizer);
    cr_assert_eq(gradus_optimizer_create(context, &config, NULL, 0, &optimizer), GRADUS_OK);
    gradus_optimizer_destroy(context, optimizer);
    gradus_optimizer_destroy(context, NULL);
    gradus_context_destroy(context);
}

/* -- set and get -- */

static gradus_optimizer *made(gradus_context *context, gradus_optimizer_algorithm algorithm, uint32_t groups) {
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    const gradus_parameter p = plain_parameter();
    gradus_optimizer_config_init(&config, algorithm);
    config.groups = groups;
    cr_assert_eq(gradus_optimizer_create(context, &config, &p, 1, &optimizer), GRADUS_OK);
    return optimizer;
}

Test(optimizer_config, set_and_get) {
    gradus_context *context = context_of(1);
    gradus_optimizer *optimizer = made(context, GRADUS_OPTIMIZER_ADAM, 2);
    double value = 42.0;
    uint64_t steps;
    cr_assert_eq(gradus_optimizer_set(context, optimizer, 1, GRADUS_BETA1, 0.5), GRADUS_OK);
    cr_assert_eq(gradus_optimizer_get(context, optimizer, 1, GRADUS_BETA1, &value), GRADUS_OK);
    cr_assert_eq(value, 0.5);
    cr_assert_eq(gradus_optimizer_get(context, optimizer, 0, GRADUS_BETA1, &value), GRADUS_OK);
    cr_assert_eq(value, 0.9);
    static const double bad[] = {-0.1, 1.0, NAN, INFINITY};
    for (int i = 0; i < 4; i++) cr_assert_eq(gradus_optimizer_set(context, optimizer, 1, GRADUS_BETA1, bad[i]), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "beta1"));
    cr_assert_eq(gradus_optimizer_set(context, optimizer, 2, GRADUS_BETA1, 0.5), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "group 2") && says(context, "there are 2"), "%s", gradus_context_message(context));
    static const gradus_hyper_parameter others[] = {GRADUS_MOMENTUM, GRADUS_DAMPENING, -1, 12, GRADUS_HYPER_PARAMETER_LIMIT, 1 << 30};
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(gradus_optimizer_set(context, optimizer, 0, others[i], 0.5), GRADUS_INVALID_ARGUMENT);
        cr_assert_eq(gradus_optimizer_get(context, optimizer, 0, others[i], &value), GRADUS_INVALID_ARGUMENT);
    }
    cr_assert_eq(value, 0.9);
    cr_assert_eq(gradus_optimizer_get(context, optimizer, 1, GRADUS_BETA1, &value), GRADUS_OK);
    cr_assert_eq(value, 0.5);
    cr_assert_eq(gradus_optimizer_steps(context, optimizer, 0, &steps), GRADUS_OK);
    cr_assert_eq(steps, 0);
    cr_assert_eq(gradus_optimizer_steps(context, optimizer, 1, &steps), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "parameter 1"));
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

/* -- steps that are refused: nothing changes -- */

Test(optimizer_config, steps_that_are_refused) {
    gradus_context *context = context_of(1);
    gradus_optimizer *optimizer = made(context, GRADUS_OPTIMIZER_MOMENTUM, 1);
    float w[12], g[12], s[12], kept[12];
    gradus_tensor tw, tg, ts;
    gradus_step_args args;
    uint64_t steps = 1;
    for (int i = 0; i < 12; i++) w[i] = kept[i] = s[i] = g[i] = (float)i;
#define REFUSED(STATUS, MESSAGE, ...) \
    do { \
        tw = gradus_tensor_matrix(GRADUS_DTYPE_F32, w, 3, 4); \
        tg = gradus_tensor_matrix(GRADUS_DTYPE_F32, g, 3, 4); \
        ts = gradus_tensor_matrix(GRADUS_DTYPE_F32, s, 3, 4); \
        gradus_step_args_init(&args); \
        args.parameters = &tw; \
        args.gradients = &tg; \
        args.states = &ts; \
        __VA_ARGS__; \
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), STATUS, "%s", gradus_context_message(context)); \
        cr_assert(says(context, MESSAGE), "'%s' does not say '%s'", gradus_context_message(context), MESSAGE); \
    } while (0)
    cr_assert_eq(gradus_optimizer_step(context, optimizer, NULL), GRADUS_INVALID_ARGUMENT);
    REFUSED(GRADUS_INVALID_ARGUMENT, "struct_size", args.struct_size = 4);
    REFUSED(GRADUS_INVALID_ARGUMENT, "NULL", args.parameters = NULL);
    REFUSED(GRADUS_INVALID_ARGUMENT, "NULL", args.gradients = NULL);
    REFUSED(GRADUS_INVALID_ARGUMENT, "gradient_scale", args.gradient_scale = NAN);
    REFUSED(GRADUS_INVALID_ARGUMENT, "gradient_scale", args.gradient_scale = INFINITY);
    REFUSED(GRADUS_INVALID_ARGUMENT, "parameters[0]", tw.data = NULL);
    REFUSED(GRADUS_INVALID_ARGUMENT, "1 x 4 x 3", tw.rows = 4; tw.columns = 3);
    REFUSED(GRADUS_INVALID_ARGUMENT, "gradients[0]", tg.rows = 2);
    REFUSED(GRADUS_INVALID_ARGUMENT, "2 x 3 x 4", tg.batch = 2);
    REFUSED(GRADUS_INVALID_ARGUMENT, "1 x 3 x 3", tw.columns = 3);
    REFUSED(GRADUS_INVALID_ARGUMENT, "states[0][0]", ts.columns = 5; ts.row_stride = 5);
    REFUSED(GRADUS_INVALID_ARGUMENT, "row_stride 3", tg.row_stride = 3);
    REFUSED(GRADUS_INVALID_ARGUMENT, "negative", tg.row_stride = -4);
    REFUSED(GRADUS_UNSUPPORTED, "dtype 2", tg.dtype = GRADUS_DTYPE_F64);
    REFUSED(GRADUS_UNSUPPORTED, "states[0][0]", ts.dtype = GRADUS_DTYPE_BF16);
    REFUSED(GRADUS_INVALID_ARGUMENT, "flags", tw.flags = 1);
    REFUSED(GRADUS_INVALID_ARGUMENT, "reserved", tg.reserved = 1);
    REFUSED(GRADUS_INTERRUPTED, "nothing has changed", gradus_interrupt(context));
#undef REFUSED
    cr_assert_arr_eq(w, kept, sizeof w);
    cr_assert_arr_eq(s, kept, sizeof s);
    cr_assert_eq(gradus_optimizer_steps(context, optimizer, 0, &steps), GRADUS_OK);
    cr_assert_eq(steps, 0);
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
    cr_assert_eq(gradus_optimizer_steps(context, optimizer, 0, &steps), GRADUS_OK);
    cr_assert_eq(steps, 1);
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}
