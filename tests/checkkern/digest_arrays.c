/* The digests of the public functions on the caller's arrays: products of any shape, steps of every optimizer on a list of tensors. No arithmetic
 * here rounds, so the host's mode is only the library's concern. */
#include "checkkern/digest.h"

#include <stdlib.h>

#include "checkkern/values.h"

enum { SEED = 3, SHAPES = 24, FEW_SHAPES = 6, GREATEST_SIDE = 150, STEPS = 3, TENSORS = 7 };

gradus_tensor gd_digest_matrix(gd_random *random, size_t rows, size_t columns) {
    const size_t stride = columns + gd_random_below(random, 20), count = rows * stride;
    gradus_tensor matrix = gradus_tensor_matrix(GRADUS_DTYPE_F32, gd_digest_allocate(count * sizeof(float)), rows, columns);
    matrix.row_stride = (ptrdiff_t)stride;
    matrix.batch_stride = (ptrdiff_t)count;
    gd_values_fill(random, GD_VALUES_NORMAL, matrix.data, count);
    return matrix;
}

static void digest_products(gradus_context *context, gradus_product product, const char *name, int brief, gd_digests *digests) {
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (uint64_t i = 0; i < (brief ? FEW_SHAPES : SHAPES); i++) {
        gd_random random = gd_random_make(SEED, "products", (uint64_t)product, i);
        const size_t m = (size_t)gd_random_below(&random, GREATEST_SIDE), n = (size_t)gd_random_below(&random, GREATEST_SIDE);
        const size_t k = (size_t)gd_random_below(&random, 4 * GREATEST_SIDE);
        const gradus_tensor a = product == GRADUS_PRODUCT_TN ? gd_digest_matrix(&random, k, m) : gd_digest_matrix(&random, m, k);
        const gradus_tensor b = product == GRADUS_PRODUCT_NT ? gd_digest_matrix(&random, n, k) : gd_digest_matrix(&random, k, n);
        const gradus_tensor c = gd_digest_matrix(&random, m, n);
        static const double betas[] = {-0.3, 0.0, 1.0};
        gd_digest_must(context, gradus_matrix_multiply(context, product, i % 2 ? 1.0 : 0.7, &a, &b, betas[i % 3], &c));
        gd_sha256_floats(&hash, c.data, m * (size_t)c.row_stride);
        free(a.data);
        free(b.data);
        free(c.data);
    }
    gd_digests_add(digests, &hash, "multiply/%s", name);
}

/* The list: nothing, one number, rows that fill no vector, several matrices, more than a task takes. */
static const struct {
    size_t batch, rows, columns;
} shapes[TENSORS] = {{1, 0, 5}, {1, 1, 1}, {1, 5, 3}, {2, 7, 33}, {1, 1, 1000}, {1, 40, 100}, {1, 4, 5001}};

/* The tensor's numbers with gaps (odd ones, or none) between rows and matrices. */
static gradus_tensor drawn_tensor(gd_random *random, size_t i, int gaps, gd_values values) {
    gradus_tensor tensor = gradus_tensor_matrix(GRADUS_DTYPE_F32, NULL, shapes[i].rows, shapes[i].columns);
    tensor.batch = shapes[i].batch;
    tensor.row_stride += gaps ? (ptrdiff_t)gd_random_below(random, 4) * 2 + 1 : 0;
    tensor.batch_stride = (ptrdiff_t)tensor.rows * tensor.row_stride + gaps * 7;
    const size_t count = tensor.batch * (size_t)tensor.batch_stride;
    tensor.data = gd_digest_allocate(count * sizeof(float));
    gd_values_fill(random, values, tensor.data, count);
    return tensor;
}

static void hash_tensors(gd_sha256 *hash, const gradus_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) gd_sha256_floats(hash, tensors[i].data, tensors[i].batch * (size_t)tensors[i].batch_stride);
}

static void free_tensors(gradus_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) free(tensors[i].data);
}

/* Two groups, of which the second has half the first one's first hyper-parameter. */
static gradus_optimizer *make_optimizer(gradus_context *context, const gradus_optimizer_info *info, size_t tensors) {
    gradus_optimizer *optimizer = NULL;
    gradus_optimizer_config config;
    gradus_parameter parameters[TENSORS] = {{0}};
    gradus_optimizer_config_init(&config, info->algorithm);
    config.groups = 2;
    for (size_t i = 0; i < tensors; i++)
        parameters[i] = (gradus_parameter){.batch = shapes[i].batch,
                                           .rows = shapes[i].rows,
                                           .columns = shapes[i].columns,
                                           .role = GRADUS_ROLE_WEIGHT,
                                           .output_axis = GRADUS_AXIS_COLUMNS,
                                           .group = (uint32_t)(i % 2)};
    gd_digest_must(context, gradus_optimizer_create(context, &config, parameters, tensors, &optimizer));
    gd_digest_must(context, gradus_optimizer_set(context, optimizer, 1, info->keys[0], 0.5 * info->defaults[0]));
    return optimizer;
}

/* Steps with the optimizer's own state, or with the caller's (subnormal and tiny at first). One tensor has no gradient in the second step. */
static void digest_steps(gradus_context *context, const gradus_optimizer_info *info, size_t tensors, int own, gd_digests *digests) {
    gradus_optimizer *optimizer = make_optimizer(context, info, tensors);
    gd_random random = gd_random_make(SEED, info->name, (uint64_t)own, 0);
    gradus_tensor parameters[TENSORS], *const states = gd_digest_allocate(info->states * tensors * sizeof *states); /* no place for one more */
    gradus_step_args args;
    gd_sha256 hash;
    gd_sha256_init(&hash);
    gradus_step_args_init(&args);
    for (size_t i = 0; i < tensors; i++) parameters[i] = drawn_tensor(&random, i, 1, GD_VALUES_NORMAL);
    for (size_t i = 0; i < info->states * tensors; i++)
        states[i] = drawn_tensor(&random, i % tensors, 1, i % 2 ? GD_VALUES_FLOOR : GD_VALUES_SUBNORMAL);
    args.parameters = parameters;
    args.states = own ? NULL : states;
    args.gradient_scale = 0.7;
    for (int step = 0; step < STEPS; step++) {
        gradus_tensor gradients[TENSORS];
        for (size_t i = 0; i < tensors; i++) gradients[i] = drawn_tensor(&random, i, step != 1, step == 2 ? GD_VALUES_SUBNORMAL : GD_VALUES_NORMAL);
        void *const kept = gradients[3].data;
        if (step == 1) gradients[3].data = NULL;
        args.gradients = gradients;
        gd_digest_must(context, gradus_optimizer_step(context, optimizer, &args));
        gradients[3].data = kept;
        free_tensors(gradients, tensors);
    }
    hash_tensors(&hash, parameters, tensors);
    hash_tensors(&hash, states, info->states * tensors);
    gd_digests_add(digests, &hash, "step/%s/%s/%s", info->name, info->variant, own ? "own state" : "the caller's state");
    free_tensors(parameters, tensors);
    free_tensors(states, info->states * tensors);
    free(states);
    gradus_optimizer_destroy(context, optimizer);
}

void gd_digest_products(gradus_context *context, int brief, gd_digests *digests) {
    static const char *const products[] = {"nn", "nt", "tn"};
    for (gradus_product product = GRADUS_PRODUCT_NN; product <= GRADUS_PRODUCT_TN; product++)
        digest_products(context, product, products[product - GRADUS_PRODUCT_NN], brief, digests);
}

/* The brief form: one kind of state for each optimizer, and the longest tensor, the last one, for every eighth. */
void gd_digest_steps(gradus_context *context, int brief, gd_digests *digests) {
    gradus_optimizer_info info = {.struct_size = sizeof info};
    for (int i = 0; gradus_optimizer_list((size_t)i, &info); i++)
        for (int own = 0; own < 2; own++)
            if (!brief || own == i % 2) digest_steps(context, &info, brief && i % 8 ? TENSORS - 1 : TENSORS, own, digests);
}
