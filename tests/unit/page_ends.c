/* Public functions on arrays that end where their page does, and with scratch and objects that do: a read or a write past one ends the test. Dense rows,
 * so that the last one is the end. */
#include <sys/mman.h>
#include <unistd.h>

#include "nets.h"

enum { MOST_ARRAYS = 16 };

/* ---- memory before a page that may not be touched ---- */

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static void *before_a_wall(size_t bytes) {
    const size_t usable = gd_round_up(bytes, page_size());
    unsigned char *mapping = mmap(NULL, usable + page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(mapping != MAP_FAILED && mprotect(mapping + usable, page_size(), PROT_NONE) == 0);
    return mapping + usable - bytes;
}

static void tear_down(void *memory, size_t bytes) {
    const size_t usable = gd_round_up(bytes, page_size());
    munmap((unsigned char *)memory + bytes - usable, usable + page_size());
}

/* The library's own blocks, up to their alignment; with pages as large as that, from the C library. */
static void *allocate(void *user, size_t size, size_t alignment) {
    (void)user;
    return alignment > page_size() ? aligned_alloc(alignment, gd_round_up(size, alignment)) : before_a_wall(gd_round_up(size, alignment));
}

static void release(void *user, void *memory, size_t size, size_t alignment) {
    (void)user;
    if (alignment > page_size()) {
        free(memory);
    } else {
        tear_down(memory, gd_round_up(size, alignment));
    }
}

/* A context with the index-th instruction set that runs here. NULL past the last. */
static gradus_context *walled_context(size_t index) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.isa = runnable_isa(index);
    config.threads = 1;
    config.allocator = (gradus_allocator){NULL, allocate, release};
    return config.isa ? make_context(&config) : NULL;
}

typedef struct arrays {
    size_t count;
    struct {
        void *memory;
        size_t bytes;
    } all[MOST_ARRAYS];
} arrays;

static void *at_page_end(arrays *a, size_t bytes) {
    cr_assert(a->count < MOST_ARRAYS);
    a->all[a->count].bytes = bytes;
    return a->all[a->count++].memory = before_a_wall(bytes);
}

static gradus_tensor matrix_at_page_end(arrays *a, size_t rows, size_t columns) {
    float *data = at_page_end(a, rows * columns * sizeof *data);
    for (size_t i = 0; i < rows * columns; i++) data[i] = (float)(i % 7) * 0.25f - 0.75f;
    return gradus_tensor_matrix(GRADUS_DTYPE_F32, data, rows, columns);
}

static void free_arrays(arrays *a) {
    for (size_t i = 0; i < a->count; i++) tear_down(a->all[i].memory, a->all[i].bytes);
}

/* ---- the functions ---- */

#define OK(call) cr_assert_eq(call, GRADUS_OK, "%s", gradus_context_message(context))

/* m, n, k: alone, less than a tile, whole tiles and panels, one more, several blocks of k. */
static const size_t shapes[][3] = {{1, 1, 1},  {3, 5, 2},   {5, 70, 300}, {14, 32, 64},  {15, 33, 65}, {6, 16, 256},
                                   {37, 3, 2}, {65, 17, 1}, {2, 16, 40},  {130, 35, 20}, {64, 300, 37}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

Test(page_ends, products) {
    gradus_context *context;
    for (size_t s = 0; s < SHAPES; s++)
        for (size_t i = 0; (context = walled_context(i)) != NULL; i++) {
            for (gradus_product product = GRADUS_PRODUCT_NN; product <= GRADUS_PRODUCT_TN; product++) {
                const size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
                arrays all = {0};
                const gradus_tensor a = product == GRADUS_PRODUCT_TN ? matrix_at_page_end(&all, k, m) : matrix_at_page_end(&all, m, k);
                const gradus_tensor b = product == GRADUS_PRODUCT_NT ? matrix_at_page_end(&all, n, k) : matrix_at_page_end(&all, k, n);
                const gradus_tensor c = matrix_at_page_end(&all, m, n);
                OK(gradus_matrix_multiply(context, product, 0.5, &a, &b, 1.0, &c));
                free_arrays(&all);
            }
            gradus_context_destroy(context);
        }
}

Test(page_ends, dense_layers) {
    gradus_context *context;
    for (size_t s = 0; s < SHAPES; s++)
        for (size_t i = 0; (context = walled_context(i)) != NULL; i++) {
            for (gradus_activation activation = GRADUS_ACTIVATION_IDENTITY; activation <= GRADUS_ACTIVATION_SOFTMAX; activation++) {
                const size_t samples = shapes[s][0], out = shapes[s][1], in = shapes[s][2];
                arrays a = {0};
                const gradus_tensor x = matrix_at_page_end(&a, samples, in), w = matrix_at_page_end(&a, in, out), b = matrix_at_page_end(&a, 1, out);
                const gradus_tensor z = matrix_at_page_end(&a, samples, out), y = matrix_at_page_end(&a, samples, out);
                const gradus_tensor g = matrix_at_page_end(&a, samples, out), dx = matrix_at_page_end(&a, samples, in);
                const gradus_tensor dw = matrix_at_page_end(&a, in, out), db = matrix_at_page_end(&a, 1, out);
                /* What needs the least scratch comes first: a context keeps what it had. */
                OK(gradus_dense_backward(context, activation, &x, &w, &z, &y, &g, NULL, NULL, &db));
                OK(gradus_dense_backward(context, activation, &x, &w, &z, &y, &g, &dx, NULL, NULL));
                OK(gradus_dense_forward(context, activation, &x, &w, &b, &z, &y));
                OK(gradus_dense_backward(context, activation, &x, &w, &z, &y, &g, &dx, &dw, &db));
                free_arrays(&a);
            }
            gradus_context_destroy(context);
        }
}

/* A step, a prediction and an evaluation of a net that reads fp32 rows where they are. */
static void use_net(gradus_context *context, const net_shape *shape, size_t samples) {
    const size_t outputs = last_outputs(shape);
    arrays a = {0};
    gradus_batch batch;
    gradus_evaluation evaluation;
    double loss;
    gradus_net *net = make_net(context, shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    const gradus_tensor y = matrix_at_page_end(&a, samples, outputs);
    gradus_batch_init(&batch);
    gradus_evaluation_init(&evaluation);
    batch.samples = samples;
    batch.inputs = matrix_at_page_end(&a, samples, shape->inputs);
    batch.targets = matrix_at_page_end(&a, samples, outputs);
    OK(gradus_net_step(context, net, optimizer, &batch, &loss));
    OK(gradus_net_predict(context, net, &batch.inputs, &y));
    OK(gradus_net_evaluate(context, net, &batch, &evaluation));
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_U8, at_page_end(&a, samples * shape->inputs), samples, shape->inputs);
    OK(gradus_net_step(context, net, optimizer, &batch, &loss));
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    free_arrays(&a);
}

Test(page_ends, nets) {
    static const size_t counts[] = {1, 31, 64, 65};
    gradus_context *context;
    for (size_t s = 0; s < SHAPES; s++)
        for (size_t i = 0; (context = walled_context(i)) != NULL; i++) {
            for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
                const size_t outputs[] = {shapes[s][1], shapes[s][0]};
                const net_shape shape = shape_of(shapes[s][2], 2, outputs, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_IDENTITY);
                use_net(context, &shape, counts[n]);
            }
            gradus_context_destroy(context);
        }
}

Test(page_ends, optimizers) {
    static const size_t lengths[] = {1, 15, 16, 17, 67, 128, 2051};
    gradus_context *context;
    for (size_t i = 0; (context = walled_context(i)) != NULL; i++) {
        gradus_optimizer_info info = {.struct_size = sizeof info};
        for (size_t o = 0; gradus_optimizer_list(o, &info); o++)
            for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                const gradus_parameter parameter = {NULL, 1, 1, lengths[l], GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
                arrays a = {0};
                gradus_tensor states[MOST_ARRAYS];
                const gradus_tensor w = matrix_at_page_end(&a, 1, lengths[l]), g = matrix_at_page_end(&a, 1, lengths[l]);
                gradus_optimizer_config config;
                gradus_optimizer *optimizer;
                gradus_step_args args;
                for (uint32_t j = 0; j < info.states; j++) states[j] = matrix_at_page_end(&a, 1, lengths[l]);
                gradus_optimizer_config_init(&config, info.algorithm);
                OK(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer));
                gradus_step_args_init(&args);
                args.parameters = &w;
                args.gradients = &g;
                args.states = info.states ? states : NULL;
                for (int staged = 0; staged < 2; staged++) {
                    args.clip_value = staged ? 0.5 : 0.0;
                    OK(gradus_optimizer_step(context, optimizer, &args));
                }
                gradus_optimizer_destroy(context, optimizer);
                free_arrays(&a);
            }
        gradus_context_destroy(context);
    }
}
