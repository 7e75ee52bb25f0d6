/* links: oracle
 * gradus_dense_forward and gradus_dense_backward: bit for bit the contract in plain C (tests/reference), and the bits of a net's own layer. */
#include <stdio.h>
#include <sys/mman.h>

#include "nets.h"
#include "reference/reference.h"
#include "rounding.h"

static const size_t ACTIVATIONS = 0
#define ONE(number, NAME, name) +1
    GRADUS_ACTIVATION_MAP(ONE)
#undef ONE
    ;

/* -- matrices: as plain arrays for the reference, and in memory with NaN between the rows for the library -- */

typedef struct matrix {
    float *plain, *memory;
    size_t rows, columns, padding;
    gradus_tensor tensor;
} matrix;

static void spread(matrix *m) {
    const size_t stride = m->columns + m->padding;
    for (size_t i = 0; i < m->rows * stride; i++) m->memory[i] = i % stride < m->columns ? m->plain[i / stride * m->columns + i % stride] : NAN;
}

static matrix make_matrix(size_t rows, size_t columns, size_t padding, float scale, uint64_t seed) {
    matrix m = {.rows = rows, .columns = columns, .padding = padding};
    uint64_t random = seed;
    m.plain = malloc((rows * columns + 1) * sizeof(float));
    m.memory = malloc((rows * (columns + padding) + 1) * sizeof(float));
    cr_assert(m.plain && m.memory);
    for (size_t i = 0; i < rows * columns; i++) m.plain[i] = test_random(&random) % 8 ? scale * (float)(2.0 * test_uniform(&random) - 1.0) : -0.0f;
    spread(&m);
    m.tensor = strided(GRADUS_DTYPE_F32, m.memory, rows, columns, columns + padding);
    return m;
}

/* What is written: NaN everywhere before. */
static matrix make_result(size_t rows, size_t columns, size_t padding) {
    matrix m = make_matrix(rows, columns, padding, 0.0f, 0);
    for (size_t i = 0; i < rows * (columns + padding); i++) m.memory[i] = NAN;
    return m;
}

static void free_matrix(matrix *m) {
    free(m->plain);
    free(m->memory);
}

/* Equal bits; NaNs are all alike. */
static bool same(float a, float b) { return (isnan(a) && isnan(b)) || test_float_bits(a) == test_float_bits(b); }

/* The memory holds `plain`, and what lies between the rows was not touched. */
static void check_matrix(const matrix *m, const char *what) {
    const size_t stride = m->columns + m->padding;
    for (size_t i = 0; i < m->rows * stride; i++) {
        const size_t row = i / stride, column = i % stride;
        const float wanted = column < m->columns ? m->plain[row * m->columns + column] : NAN;
        if (!same(m->memory[i], wanted))
            cr_assert_fail("%s: element (%zu, %zu) is %a, expected %a", what, row, column, (double)m->memory[i], (double)wanted);
    }
}

/* -- a layer -- */

typedef struct layer_case {
    gradus_activation activation;
    size_t samples, in, out, padding;
    bool bias;
} layer_case;

typedef struct layer {
    matrix x, w, b, z, y, g, dx, dw, db;
    float *d; /* the reference's */
} layer;

static layer make_layer(const layer_case *c, uint64_t seed) {
    layer l = {
        .x = make_matrix(c->samples, c->in, c->padding, 2.0f, seed + 1),
        .w = make_matrix(c->in, c->out, c->padding * 2, 1.0f, seed + 2),
        .b = make_matrix(1, c->out, 0, 1.0f, seed + 3),
        .z = make_result(c->samples, c->out, c->padding),
        .y = make_result(c->samples, c->out, c->padding + 1),
        .g = make_matrix(c->samples, c->out, c->padding, 1.0f, seed + 4),
        .dx = make_result(c->samples, c->in, c->padding),
        .dw = make_result(c->in, c->out, c->padding),
        .db = make_result(1, c->out, 0),
        .d = malloc((c->samples * c->out + 1) * sizeof(float)),
    };
    for (size_t j = 0; !c->bias && j < c->out; j++) l.b.plain[j] = -0.0f; /* adding -0 changes nothing */
    gd_reference_forward(l.x.plain, l.w.plain, l.b.plain, c->samples, c->in, c->out, c->activation, l.z.plain, l.y.plain);
    memcpy(l.d, l.g.plain, c->samples * c->out * sizeof *l.d);
    gd_reference_layer_derivative(l.z.plain, l.y.plain, c->samples, c->out, c->activation, l.d);
    gd_reference_backward_inputs(l.d, l.w.plain, c->samples, c->in, c->out, l.dx.plain);
    gd_reference_backward_weights(l.x.plain, l.d, c->samples, c->in, c->out, l.dw.plain, l.db.plain);
    return l;
}

static void free_layer(layer *l) {
    matrix *all[] = {&l->x, &l->w, &l->b, &l->z, &l->y, &l->g, &l->dx, &l->dw, &l->db};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free_matrix(all[i]);
    free(l->d);
}

#define OK(call) cr_assert_eq(call, GRADUS_OK, "%s", gradus_context_message(context))

static void check_layer(gradus_context *context, const layer_case *c, uint64_t seed) {
    layer l = make_layer(c, seed);
    char name[128];
    snprintf(name, sizeof name, "%s, %u threads: %s, %zu samples, %zu to %zu", gradus_context_isa(context), (unsigned)gradus_context_threads(context),
             gradus_activation_name(c->activation), c->samples, c->in, c->out);
    OK(gradus_dense_forward(context, c->activation, &l.x.tensor, &l.w.tensor, c->bias ? &l.b.tensor : NULL, &l.z.tensor, &l.y.tensor));
    check_matrix(&l.z, name);
    check_matrix(&l.y, name);
    OK(gradus_dense_backward(context, c->activation, &l.x.tensor, &l.w.tensor, &l.z.tensor, &l.y.tensor, &l.g.tensor, &l.dx.tensor, &l.dw.tensor,
                             &l.db.tensor));
    check_matrix(&l.dx, name);
    check_matrix(&l.dw, name);
    check_matrix(&l.db, name);
    spread(&l.b);
    const matrix *read[] = {&l.x, &l.w, &l.g};
    for (size_t i = 0; i < 3; i++) check_matrix(read[i], "what is only read");
    free_layer(&l);
}

Test(dense, every_activation_on_every_instruction_set) {
    static const size_t shapes[][3] = {{1, 1, 1}, {3, 5, 2}, {65, 17, 16}, {130, 33, 17}, {64, 300, 33}, {7, 31, 270}, {200, 13, 40}};
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            for (size_t a = 1; a <= ACTIVATIONS; a++) {
                const layer_case c = {(gradus_activation)a, shapes[s][0], shapes[s][1], shapes[s][2], (s + a) % 3 * 5, (s + a) % 4 != 0};
                check_layer(context, &c, 10 * s + a);
            }
        gradus_context_destroy(context);
    }
}

Test(dense, random_shapes) {
    uint64_t random = 8;
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1 + (uint32_t)(i % 2));
        for (int round = 0; round < 200; round++) {
            size_t sizes[3];
            for (int d = 0; d < 3; d++) sizes[d] = test_random(&random) % (test_random(&random) % 4 ? 40 : 150);
            if (round % 10 == 0) sizes[test_random(&random) % 3] = 200 + test_random(&random) % 400;
            if (sizes[2] == 0) sizes[2] = 1;
            const layer_case c = {(gradus_activation)(1 + test_random(&random) % ACTIVATIONS),
                                  sizes[0],
                                  sizes[1],
                                  sizes[2],
                                  test_random(&random) % 9,
                                  test_random(&random) % 2 == 0};
            check_layer(context, &c, test_random(&random));
        }
        gradus_context_destroy(context);
    }
}

/* More than one of each of the product's chunks; claims in any order, by any number of threads. */
Test(dense, threads) {
    static const uint32_t threads[] = {1, 2, 3, 7};
    gd_phases_test_mode(1);
    for (size_t t = 0; t < 4; t++) {
        gradus_context *context = context_of(threads[t]);
        for (size_t a = 1; a <= ACTIVATIONS; a++) check_layer(context, &(layer_case){(gradus_activation)a, 150, 70, 90, 3, true}, t);
        check_layer(context, &(layer_case){GRADUS_ACTIVATION_TANH, 1200, 20, 30, 0, true}, t);
        check_layer(context, &(layer_case){GRADUS_ACTIVATION_SOFTMAX, 20, 30, 1200, 1, true}, t);
        check_layer(context, &(layer_case){GRADUS_ACTIVATION_RELU, 20, 1200, 30, 2, true}, t);
        gradus_context_destroy(context);
    }
}

/* -- a host that interrupts in its n-th phase -- */

typedef struct impatient {
    gradus_context *context;
    int phases, interrupt_in; /* 0: never */
} impatient;

static void interrupt_in_a_phase(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    impatient *host = user;
    if (++host->phases == host->interrupt_in) gradus_interrupt(host->context);
    for (size_t i = 0; i < tasks; i++) task(arg, i);
}

/* Outputs and gradients are complete only with GRADUS_OK: each phase may be given up. */
Test(dense, an_interrupt_in_any_phase) {
    impatient host = {0};
    gradus_context_config config;
    const layer_case c = {GRADUS_ACTIVATION_SOFTMAX, 700, 200, 50, 1, true}; /* so large that dW packs x */
    layer l = make_layer(&c, 2);
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){&host, 2, interrupt_in_a_phase};
    host.context = make_context(&config);
    gd_phases_test_mode(1);
    for (int backward = 0; backward < 2; backward++)
        for (int n = 0, phases = 0; n <= phases; n++) {
            host.phases = 0, host.interrupt_in = n;
            const gradus_status status =
                backward ? gradus_dense_backward(host.context, c.activation, &l.x.tensor, &l.w.tensor, NULL, &l.y.tensor, &l.g.tensor, &l.dx.tensor,
                                                 &l.dw.tensor, &l.db.tensor)
                         : gradus_dense_forward(host.context, c.activation, &l.x.tensor, &l.w.tensor, &l.b.tensor, NULL, &l.y.tensor);
            cr_assert_eq(status, n ? GRADUS_INTERRUPTED : GRADUS_OK, "backward %d, phase %d", backward, n);
            if (n == 0) phases = host.phases;
            cr_assert_geq(phases, backward ? 5 : 3);
        }
    free_layer(&l);
    gradus_context_destroy(host.context);
}

/* Whatever rounding the host has set, and it is there again afterwards. */
Test(dense, rounding_modes) {
    gradus_context *context = context_of(2);
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const layer_case c = {GRADUS_ACTIVATION_SIGMOID, 70, 40, 50, 0, true};
    for (int m = 0; m < 3; m++) {
        layer l = make_layer(&c, 3);
        fesetround(modes[m]);
        const gradus_status forward = gradus_dense_forward(context, c.activation, &l.x.tensor, &l.w.tensor, &l.b.tensor, NULL, &l.y.tensor);
        const int after_forward = rounding_now();
        const gradus_status backward = gradus_dense_backward(context, c.activation, &l.x.tensor, &l.w.tensor, NULL, &l.y.tensor, &l.g.tensor,
                                                             &l.dx.tensor, &l.dw.tensor, &l.db.tensor);
        const int after_backward = rounding_now();
        fesetround(FE_TONEAREST);
        cr_assert(forward == GRADUS_OK && backward == GRADUS_OK && after_forward == modes[m] && after_backward == modes[m]);
        check_matrix(&l.y, "outputs");
        check_matrix(&l.dx, "input gradients");
        check_matrix(&l.dw, "weight gradients");
        check_matrix(&l.db, "bias gradients");
        free_layer(&l);
    }
    gradus_context_destroy(context);
}

/* -- nothing here, nothing there -- */

static bool all_are(const matrix *m, float value) {
    bool all = true;
    for (size_t i = 0; i < m->rows * m->columns; i++) all = all && test_float_bits(m->memory[i]) == test_float_bits(value);
    return all;
}

Test(dense, sizes_of_0) {
    gradus_context *context = context_of(1);
    static const layer_case cases[] = {
        {GRADUS_ACTIVATION_RELU, 0, 40, 50, 0, true},   {GRADUS_ACTIVATION_RELU, 0, 40, 5, 0, true},
        {GRADUS_ACTIVATION_TANH, 9, 0, 5, 0, true},     {GRADUS_ACTIVATION_IDENTITY, 9, 0, 50, 0, false},
        {GRADUS_ACTIVATION_SOFTMAX, 9, 5, 0, 0, false}, {GRADUS_ACTIVATION_SOFTMAX, 0, 0, 0, 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) check_layer(context, &cases[i], i);
    layer l = make_layer(&cases[0], 1);
    gradus_tensor *empty[] = {&l.x.tensor, &l.y.tensor, &l.z.tensor, &l.g.tensor, &l.dx.tensor};
    for (size_t i = 0; i < 5; i++) empty[i]->data = NULL;
    OK(gradus_dense_forward(context, GRADUS_ACTIVATION_RELU, &l.x.tensor, &l.w.tensor, &l.b.tensor, &l.z.tensor, &l.y.tensor));
    OK(gradus_dense_backward(context, GRADUS_ACTIVATION_RELU, &l.x.tensor, &l.w.tensor, NULL, &l.y.tensor, &l.g.tensor, &l.dx.tensor, &l.dw.tensor,
                             &l.db.tensor));
    cr_assert(all_are(&l.dw, 0.0f) && all_are(&l.db, 0.0f), "no samples: +0");
    free_layer(&l);
    gradus_context_destroy(context);
}

/* Each gradient alone, and only what it needs. */
Test(dense, what_may_be_left_out) {
    gradus_context *context = context_of(1);
    const layer_case c = {GRADUS_ACTIVATION_RELU, 70, 40, 50, 1, true};
    layer l = make_layer(&c, 2);
    OK(gradus_dense_forward(context, c.activation, &l.x.tensor, &l.w.tensor, &l.b.tensor, NULL, &l.y.tensor));
    check_matrix(&l.y, "outputs");
    OK(gradus_dense_backward(context, c.activation, NULL, &l.w.tensor, NULL, &l.y.tensor, &l.g.tensor, &l.dx.tensor, NULL, NULL));
    OK(gradus_dense_backward(context, c.activation, &l.x.tensor, NULL, NULL, &l.y.tensor, &l.g.tensor, NULL, &l.dw.tensor, NULL));
    cr_assert(isnan(l.db.memory[0]));
    OK(gradus_dense_backward(context, c.activation, &l.x.tensor, &l.w.tensor, NULL, &l.y.tensor, &l.g.tensor, NULL, NULL, &l.db.tensor));
    check_matrix(&l.db, "bias gradients alone");
    OK(gradus_dense_backward(context, c.activation, NULL, NULL, NULL, &l.y.tensor, &l.g.tensor, NULL, NULL, &l.db.tensor));
    check_matrix(&l.dx, "input gradients");
    check_matrix(&l.dw, "weight gradients");
    check_matrix(&l.db, "bias gradients");
    OK(gradus_dense_backward(context, c.activation, NULL, NULL, NULL, &l.y.tensor, &l.g.tensor, NULL, NULL, NULL));
    free_layer(&l);
    gradus_context_destroy(context);
}

/* Where the derivative needs no outputs, none need be given. The gradients by the outputs lie where nothing may be written. */
Test(dense, backward_without_outputs) {
    static const gradus_activation activations[] = {GRADUS_ACTIVATION_IDENTITY, GRADUS_ACTIVATION_GELU};
    gradus_context *context = context_of(1);
    for (size_t a = 0; a < 2; a++) {
        const layer_case c = {activations[a], 70, 40, 50, 0, true};
        layer l = make_layer(&c, 2);
        const size_t bytes = 70 * 50 * sizeof(float);
        gradus_tensor g = l.g.tensor;
        g.data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(g.data != MAP_FAILED);
        memcpy(g.data, l.g.tensor.data, bytes);
        cr_assert_eq(mprotect(g.data, bytes, PROT_READ), 0);
        OK(gradus_dense_forward(context, c.activation, &l.x.tensor, &l.w.tensor, &l.b.tensor, &l.z.tensor, &l.y.tensor));
        OK(gradus_dense_backward(context, c.activation, &l.x.tensor, &l.w.tensor, a ? &l.z.tensor : NULL, NULL, &g, &l.dx.tensor, &l.dw.tensor,
                                 &l.db.tensor));
        check_matrix(&l.dx, "input gradients");
        check_matrix(&l.dw, "weight gradients");
        check_matrix(&l.db, "bias gradients");
        munmap(g.data, bytes);
        free_layer(&l);
    }
    gradus_context_destroy(context);
}

/* -- a net's layer -- */

static void check_against_net(gradus_context *context, gradus_activation activation, gradus_loss loss, size_t samples, size_t in, size_t out) {
    net_shape shape = shape_of(in, 1, &out, activation, activation);
    shape.loss = loss;
    gradus_net *net = make_net(context, &shape, 4);
    sample_set set = make_samples(&shape, samples, ROWS_STRIDED, 5);
    tensor_list parameters, wanted;
    list_make(&parameters, &shape, 3);
    list_make(&wanted, &shape, 0);
    list_get(context, net, &parameters);
    const bool logits = loss == GRADUS_LOSS_CROSS_ENTROPY;
    matrix predicted = make_result(samples, out, 0), y = make_result(samples, out, 2), z = make_result(samples, out, 2);
    matrix g = make_result(samples, out, 0), dw = make_result(in, out, 0), db = make_result(1, out, 0);
    double value;
    OK(gradus_net_predict(context, net, &set.batch.inputs, &predicted.tensor));
    OK(gradus_net_loss_gradient(context, net, &set.batch, wanted.tensors, &value));
    OK(gradus_dense_forward(context, activation, &set.batch.inputs, &parameters.tensors[0], &parameters.tensors[1], &z.tensor, &y.tensor));
    for (size_t i = 0; i < samples; i++)
        for (size_t j = 0; j < out; j++) {
            const float found = y.memory[i * (out + 2) + j], scale = (float)(1.0 / ((double)samples * (logits ? 1.0 : (double)out)));
            const float target = logits ? (float)(set.labels[i] == j) : set.targets[i * (out + 7) + j];
            cr_assert_eq(test_float_bits(found), test_float_bits(predicted.memory[i * out + j]), "output (%zu, %zu)", i, j);
            g.memory[i * out + j] = logits ? (found - target) * scale : (2.0f * (found - target)) * scale;
        }
    OK(gradus_dense_backward(context, logits ? GRADUS_ACTIVATION_IDENTITY : activation, &set.batch.inputs, &parameters.tensors[0], &z.tensor,
                             &y.tensor, &g.tensor, NULL, &dw.tensor, &db.tensor));
    cr_assert_arr_eq(dw.memory, wanted.memory[0], in * out * sizeof(float), "%s, %zu samples, %zu to %zu", gradus_activation_name(activation),
                     samples, in, out);
    cr_assert_arr_eq(db.memory, wanted.memory[1], out * sizeof(float));
    matrix *all[] = {&predicted, &y, &z, &g, &dw, &db};
    for (size_t i = 0; i < 6; i++) free_matrix(all[i]);
    list_free(&parameters);
    list_free(&wanted);
    free_samples(&set);
    gradus_net_destroy(context, net);
}

Test(dense, bits_of_a_net_s_layer) {
    static const size_t shapes[][3] = {{1, 3, 2}, {65, 20, 16}, {130, 33, 17}, {450, 40, 70}, {64, 300, 10}, {1697, 39, 70}};
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 2);
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            for (size_t a = 1; a <= ACTIVATIONS; a++)
                check_against_net(context, (gradus_activation)a, GRADUS_LOSS_MSE, shapes[s][0], shapes[s][1], shapes[s][2]);
            check_against_net(context, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY, shapes[s][0], shapes[s][1], shapes[s][2]);
        }
        gradus_context_destroy(context);
    }
}

/* So many leaves that a task has fewer inputs: all its open nodes have to fit its memory. */
Test(dense, leaves_enough_for_smaller_tasks) {
    gradus_context *context = context_of(2);
    check_against_net(context, GRADUS_ACTIVATION_IDENTITY, GRADUS_LOSS_MSE, 65600, 128, 16);
    gradus_context_destroy(context);
}

/* -- errors -- */

static void refused(const gradus_context *context, gradus_status found, gradus_status wanted, const char *message) {
    cr_assert_eq(found, wanted, "%s", gradus_context_message(context));
    cr_assert(says(context, message), "'%s' does not say '%s'", gradus_context_message(context), message);
}

Test(dense, forward_errors) {
    gradus_context *context = context_of(1);
    const layer_case c = {GRADUS_ACTIVATION_RELU, 6, 4, 5, 1, true};
    layer l = make_layer(&c, 2);
    gradus_tensor x = l.x.tensor, w = l.w.tensor, b = l.b.tensor, z = l.z.tensor, y = l.y.tensor;
    const gradus_status bad = GRADUS_INVALID_ARGUMENT;
    refused(context, gradus_dense_forward(context, 0, &x, &w, &b, &z, &y), bad, "gradus_dense_forward: 0 is no activation");
    refused(context, gradus_dense_forward(context, (gradus_activation)ACTIVATIONS + 1, &x, &w, &b, &z, &y), bad, "is no activation");
    refused(context, gradus_dense_forward(context, 1000, &x, &w, &b, &z, &y), bad, "1000 is no activation");
    refused(context, gradus_dense_forward(context, -1, &x, &w, &b, &z, &y), bad, "-1 is no activation");
    refused(context, gradus_dense_forward(context, c.activation, NULL, &w, &b, &z, &y), bad, "inputs must not be NULL");
    refused(context, gradus_dense_forward(context, c.activation, &x, NULL, &b, &z, &y), bad, "weights must not be NULL");
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, NULL), bad, "outputs must not be NULL");
    x.columns = 3;
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y), bad, "inputs: its shape is 1 x 6 x 3, expected 1 x 6 x 4");
    x.columns = 4;
    b.columns = 4;
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y), bad, "bias: its shape");
    b.columns = 5;
    z.rows = 5;
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y), bad, "preactivations: its shape");
    z.rows = 6;
    y.row_stride = 4;
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y), bad, "outputs: rows overlap");
    y.row_stride = 7;
    w.dtype = GRADUS_DTYPE_F64;
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y), GRADUS_UNSUPPORTED, "weights: dtype 2 is not F32");
    w.dtype = GRADUS_DTYPE_F32;
    for (size_t i = 0; i < 6 * 7; i++) cr_assert(isnan(l.y.memory[i]), "a refused call writes nothing");
    gradus_interrupt(context);
    refused(context, gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y), GRADUS_INTERRUPTED, "");
    OK(gradus_dense_forward(context, c.activation, &x, &w, &b, &z, &y));
    free_layer(&l);
    gradus_context_destroy(context);
}

/* The first activation whose derivative is by its input, if there is one, without its preactivations. */
static void check_missing_preactivations(gradus_context *context, const layer *l, const gradus_tensor *dw) {
    for (size_t a = 1; a <= ACTIVATIONS; a++) {
        const char *name = gradus_activation_name((gradus_activation)a);
        const gradus_status found =
            gradus_dense_backward(context, (gradus_activation)a, &l->x.tensor, NULL, NULL, &l->y.tensor, &l->g.tensor, NULL, dw, NULL);
        if (strcmp(name, "gelu") == 0 || strcmp(name, "silu") == 0)
            refused(context, found, GRADUS_INVALID_ARGUMENT, "preactivations must not be NULL: this activation's derivative is computed from them");
        else
            cr_assert_eq(found, GRADUS_OK, "%s", name);
    }
}

Test(dense, backward_errors) {
    gradus_context *context = context_of(1);
    const layer_case c = {GRADUS_ACTIVATION_RELU, 6, 4, 5, 1, true};
    layer l = make_layer(&c, 2);
    OK(gradus_dense_forward(context, c.activation, &l.x.tensor, &l.w.tensor, &l.b.tensor, &l.z.tensor, &l.y.tensor));
    gradus_tensor x = l.x.tensor, w = l.w.tensor, y = l.y.tensor, g = l.g.tensor, dx = l.dx.tensor, dw = l.dw.tensor, db = l.db.tensor;
    const gradus_status bad = GRADUS_INVALID_ARGUMENT;
    const gradus_activation a = c.activation;
    refused(context, gradus_dense_backward(context, 0, &x, &w, NULL, &y, &g, &dx, &dw, &db), bad, "gradus_dense_backward: 0 is no activation");
    refused(context, gradus_dense_backward(context, (gradus_activation)ACTIVATIONS + 1, &x, &w, NULL, &y, &g, &dx, &dw, &db), bad,
            "is no activation");
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, NULL, &dx, &dw, &db), bad, "output_gradients must not be NULL");
    refused(context, gradus_dense_backward(context, a, NULL, &w, NULL, &y, &g, &dx, &dw, &db), bad, "inputs must not be NULL");
    refused(context, gradus_dense_backward(context, a, &x, NULL, NULL, &y, &g, &dx, &dw, &db), bad, "weights must not be NULL");
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, NULL, &g, &dx, &dw, &db), bad, "outputs must not be NULL");
    w.rows = 3;
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db), bad,
            "weights: its shape is 1 x 3 x 5, expected 1 x 4 x 5");
    w.rows = 4;
    y.rows = 5;
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db), bad, "outputs: its shape");
    y.rows = 6;
    dx.columns = 3;
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db), bad, "input_gradients: its shape");
    dx.columns = 4;
    dw.columns = 4;
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db), bad, "weight_gradients: its shape");
    dw.columns = 5;
    db.dtype = GRADUS_DTYPE_BF16;
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db), GRADUS_UNSUPPORTED, "bias_gradients: dtype 3");
    db.dtype = GRADUS_DTYPE_F32;
    for (size_t i = 0; i < 4 * 6; i++) cr_assert(isnan(l.dw.memory[i]), "a refused call writes nothing");
    gradus_interrupt(context);
    refused(context, gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db), GRADUS_INTERRUPTED, "");
    OK(gradus_dense_backward(context, a, &x, &w, NULL, &y, &g, &dx, &dw, &db));
    check_missing_preactivations(context, &l, &dw);
    free_layer(&l);
    gradus_context_destroy(context);
}
