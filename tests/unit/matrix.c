/* gradus_matrix_multiply against the contract written down once more: one fma chain a block of 256, bit for bit. */
#include "kernels/gemm.h"
#include "nets.h"

/* docs/numerics.md, section 4. a(i, p) and b(p, j) by strides; C's rows have stride n. */
typedef struct operands {
    const float *a, *b;
    size_t a_row, a_k, b_k, b_column;
} operands;

static float chain(const operands *o, size_t i, size_t j, size_t k) {
    float r = 0.0f;
    for (size_t first = 0; first < k; first += 256) {
        float block = 0.0f;
        for (size_t p = first; p < k && p < first + 256; p++)
            block = fmaf(o->a[i * o->a_row + p * o->a_k], o->b[p * o->b_k + j * o->b_column], block);
        r = first == 0 ? block : r + block;
    }
    return r;
}

static float finish(float r, float c, double alpha, double beta) {
    float t = r;
    if (alpha != 1.0) t = (float)alpha * r;
    return beta == 0.0 ? t : fmaf((float)beta, c, t);
}

/* Equal bits; NaNs are all alike. */
static bool same(float a, float b) { return (isnan(a) && isnan(b)) || test_float_bits(a) == test_float_bits(b); }

typedef struct product_case {
    gradus_product kind;
    size_t m, n, k, padding;
    double alpha, beta;
} product_case;

typedef struct product_data {
    gradus_tensor a, b, c;
    float *memory[3];
    size_t floats[3];
} product_data;

static gradus_tensor make_matrix(product_data *d, int which, size_t rows, size_t columns, size_t padding, uint64_t *random) {
    d->floats[which] = rows * (columns + padding) + 1;
    float *memory = d->memory[which] = malloc(d->floats[which] * sizeof *memory);
    cr_assert_not_null(memory);
    for (size_t i = 0; i < d->floats[which]; i++) {
        memory[i] = (float)(2.0 * test_uniform(random) - 1.0);
        if (columns + padding == 0 || i % (columns + padding) >= columns || i + 1 == d->floats[which])
            memory[i] = NAN; /* not the matrix's */
        else if (test_random(random) % 16 == 0)
            memory[i] = -0.0f;
    }
    return strided(GRADUS_DTYPE_F32, memory, rows, columns, columns + padding);
}

static product_data make_product(const product_case *p, uint64_t seed) {
    product_data d;
    uint64_t random = seed;
    const bool tn = p->kind == GRADUS_PRODUCT_TN, nt = p->kind == GRADUS_PRODUCT_NT;
    d.a = make_matrix(&d, 0, tn ? p->k : p->m, tn ? p->m : p->k, p->padding, &random);
    d.b = make_matrix(&d, 1, nt ? p->n : p->k, nt ? p->k : p->n, p->padding, &random);
    d.c = make_matrix(&d, 2, p->m, p->n, p->padding, &random);
    return d;
}

static void free_product(product_data *d) {
    for (int i = 0; i < 3; i++) free(d->memory[i]);
}

/* C, the elements between its rows included. */
static void check_product(gradus_context *context, const product_case *p, product_data *d, const char *name) {
    const bool tn = p->kind == GRADUS_PRODUCT_TN, nt = p->kind == GRADUS_PRODUCT_NT;
    const size_t sa = (size_t)d->a.row_stride, sb = (size_t)d->b.row_stride, sc = (size_t)d->c.row_stride;
    const operands o = {d->memory[0], d->memory[1], tn ? 1 : sa, tn ? sa : 1, nt ? 1 : sb, nt ? sb : 1};
    float *wanted = malloc(d->floats[2] * sizeof *wanted);
    memcpy(wanted, d->memory[2], d->floats[2] * sizeof *wanted);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) wanted[i * sc + j] = finish(chain(&o, i, j, p->k), wanted[i * sc + j], p->alpha, p->beta);
    cr_assert_eq(gradus_matrix_multiply(context, p->kind, p->alpha, &d->a, &d->b, p->beta, &d->c), GRADUS_OK, "%s", gradus_context_message(context));
    for (size_t i = 0; i < d->floats[2]; i++)
        if (!same(d->memory[2][i], wanted[i]))
            cr_assert_fail("%s: kind %d, %zu x %zu x %zu, padding %zu, alpha %g, beta %g: element %zu is %a, expected %a", name, (int)p->kind, p->m,
                           p->n, p->k, p->padding, p->alpha, p->beta, i, (double)d->memory[2][i], (double)wanted[i]);
    free(wanted);
}

static void check_case(gradus_context *context, product_case p, uint64_t seed, const char *name) {
    product_data d = make_product(&p, seed);
    check_product(context, &p, &d, name);
    free_product(&d);
}

static const gradus_product kinds[] = {GRADUS_PRODUCT_NN, GRADUS_PRODUCT_NT, GRADUS_PRODUCT_TN};
static const double factors[] = {1.0, 0.0, -1.0, 0.5, 1e-3, 1.5, 0x1.000002p+0}; /* the last: as near to 1 as fp32 comes */
enum { FACTORS = sizeof factors / sizeof factors[0] };

/* -- sizes -- */

Test(matrix, odd_sizes_strides_and_factors) {
    static const size_t sizes[] = {0, 1, 2, 3, 5, 7, 13, 16, 17, 31, 33, 47, 65, 100};
    uint64_t random = 3;
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (int round = 0; round < 900; round++) {
            const product_case p = {kinds[round % 3],
                                    sizes[test_random(&random) % 14],
                                    sizes[test_random(&random) % 14],
                                    sizes[test_random(&random) % 14],
                                    test_random(&random) % 3 * 5,
                                    factors[test_random(&random) % FACTORS],
                                    factors[test_random(&random) % FACTORS]};
            check_case(context, p, test_random(&random), runnable_isa(i));
        }
        gradus_context_destroy(context);
    }
}

Test(matrix, several_blocks_of_k) {
    static const size_t depths[] = {255, 256, 257, 511, 512, 513, 1100};
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (size_t k = 0; k < 7; k++)
            for (int kind = 0; kind < 3; kind++)
                check_case(context, (product_case){kinds[kind], 9, 35, depths[k], k % 2, 1.0, k % 3 ? 0.0 : 0.5}, k, runnable_isa(i));
        check_case(context, (product_case){GRADUS_PRODUCT_NN, 3, 600, 20, 1, 1.0, 0.0}, 5, runnable_isa(i));
        check_case(context, (product_case){GRADUS_PRODUCT_TN, 200, 3, 20, 1, 1.0, 0.0}, 6, runnable_isa(i));
        gradus_context_destroy(context);
    }
}

/* More rows, columns and k than a product takes at once (gemm.c's chunks), in each direction, and few of something: what is not packed. */
Test(matrix, chunks) {
    static const size_t shapes[][3] = {{1201, 3, 5},    {5, 1201, 7},   {2, 3, 2500},   {1100, 1100, 1}, {17, 1101, 1030}, {1, 1300, 260},
                                       {1300, 1, 1100}, {14, 40, 1025}, {15, 33, 3000}, {2200, 33, 20},  {16, 2300, 20}};
    for (size_t i = 0; runnable_isa(i); i++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            gradus_context *context = context_with(runnable_isa(i), 1 + s % 2);
            const product_case p = {kinds[(s + i) % 3], shapes[s][0], shapes[s][1], shapes[s][2], s % 2 * 3, s % 3 ? 1.0 : 0.5, s % 4 ? 0.0 : -1.0};
            check_case(context, p, s, runnable_isa(i));
            gradus_context_destroy(context);
        }
}

/* Any shape: small ones often, each side alone large now and then; leading dimensions, factors, threads at random. */
Test(matrix, random_shapes) {
    uint64_t random = 20;
    for (size_t i = 0; runnable_isa(i); i++)
        for (int round = 0; round < 300; round++) {
            size_t sizes[3];
            for (int d = 0; d < 3; d++) sizes[d] = test_random(&random) % (test_random(&random) % 4 ? 40 : 150);
            if (round % 8 == 0) sizes[test_random(&random) % 3] = 200 + test_random(&random) % 1200;
            gradus_context *context = context_with(runnable_isa(i), 1 + (uint32_t)(test_random(&random) % 3));
            check_case(context,
                       (product_case){kinds[test_random(&random) % 3], sizes[0], sizes[1], sizes[2], test_random(&random) % 20,
                                      factors[test_random(&random) % FACTORS], factors[test_random(&random) % FACTORS]},
                       test_random(&random), runnable_isa(i));
            gradus_context_destroy(context);
        }
}

/* However large the product. */
Test(matrix, scratch_is_bounded) {
    static const size_t sizes[] = {1, 13, 100, 1087, 1089, 2177, 100000, (size_t)1 << 31};
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (size_t j = 0; j < 8 * 8 * 8 * 3; j++) {
            const gd_product product = {
                .kind = kinds[j % 3], .m = sizes[j / 3 % 8], .n = sizes[j / 24 % 8], .k = sizes[j / 192], .a_row = 1, .b_row = 1};
            const size_t bytes = gd_product_scratch(context, &product);
            cr_assert_leq(bytes, 8000000u, "%s: %zu x %zu x %zu", runnable_isa(i), product.m, product.n, product.k);
        }
        gradus_context_destroy(context);
    }
}

/* Claims in any order, by any number of threads. */
Test(matrix, threads) {
    static const uint32_t threads[] = {2, 3, 7};
    gd_phases_test_mode(1);
    for (size_t t = 0; t < 3; t++) {
        gradus_context *context = context_of(threads[t]);
        for (int kind = 0; kind < 3; kind++) check_case(context, (product_case){kinds[kind], 70, 300, 300, 3, -1.0, 0.5}, t, "threads");
        gradus_context_destroy(context);
    }
}

/* -- special values -- */

Test(matrix, beta_0_never_reads_c) {
    gradus_context *context = context_of(1);
    for (int kind = 0; kind < 3; kind++)
        for (int minus = 0; minus < 2; minus++) {
            const product_case p = {kinds[kind], 19, 37, 21, 0, 0.5, minus ? -0.0 : 0.0};
            product_data d = make_product(&p, 1);
            for (size_t i = 0; i < 19 * 37; i++) d.memory[2][i] = test_float(i % 2 ? 0x7fa00001u : 0x7f800000u);
            check_product(context, &p, &d, "NaN in C");
            for (size_t i = 0; i < 19 * 37; i++) cr_assert(isfinite(d.memory[2][i]));
            free_product(&d);
        }
    gradus_context_destroy(context);
}

/* alpha = 0 is no short cut: a NaN or an infinity in A or B still shows. k = 0 is +0. */
Test(matrix, alpha_0_still_reads_a_and_b) {
    gradus_context *context = context_of(1);
    for (int which = 0; which < 2; which++) {
        const product_case p = {GRADUS_PRODUCT_NN, 8, 40, 300, 0, 0.0, 1.0};
        product_data d = make_product(&p, 2);
        d.memory[which][270] = which ? INFINITY : NAN;
        check_product(context, &p, &d, "alpha 0");
        bool seen = false;
        for (size_t i = 0; i < 8 * 40; i++) seen = seen || isnan(d.memory[2][i]);
        cr_assert(seen);
        free_product(&d);
    }
    const product_case nothing = {GRADUS_PRODUCT_NN, 3, 5, 0, 0, -1.0, 0.0};
    product_data d = make_product(&nothing, 3);
    cr_assert_eq(gradus_matrix_multiply(context, nothing.kind, -1.0, &d.a, &d.b, 0.0, &d.c), GRADUS_OK);
    for (size_t i = 0; i < 15; i++) cr_assert_eq(test_float_bits(d.memory[2][i]), 0x80000000u); /* -1 * +0 */
    cr_assert_eq(gradus_matrix_multiply(context, nothing.kind, 1.0, &d.a, &d.b, 0.0, &d.c), GRADUS_OK);
    for (size_t i = 0; i < 15; i++) cr_assert_eq(test_float_bits(d.memory[2][i]), 0u);
    free_product(&d);
    gradus_context_destroy(context);
}

/* A row of C does not depend on the other rows, nor a column on the others. */
Test(matrix, rows_and_columns_alone) {
    gradus_context *context = context_of(1);
    const product_case p = {GRADUS_PRODUCT_NN, 23, 70, 290, 0, 1.0, 0.0};
    product_data d = make_product(&p, 9);
    float alone[70];
    const gradus_tensor row = gradus_tensor_vector(GRADUS_DTYPE_F32, alone, 70);
    cr_assert_eq(gradus_matrix_multiply(context, p.kind, 1.0, &d.a, &d.b, 0.0, &d.c), GRADUS_OK);
    for (size_t i = 0; i < 23; i++) {
        const gradus_tensor a = gradus_tensor_vector(GRADUS_DTYPE_F32, d.memory[0] + i * 290, 290);
        cr_assert_eq(gradus_matrix_multiply(context, p.kind, 1.0, &a, &d.b, 0.0, &row), GRADUS_OK);
        cr_assert_arr_eq(alone, d.memory[2] + i * 70, sizeof alone);
    }
    free_product(&d);
    gradus_context_destroy(context);
}

/* -- errors -- */

static void refused(gradus_context *context, gradus_product kind, const gradus_tensor *a, const gradus_tensor *b, const gradus_tensor *c,
                    gradus_status status, const char *message) {
    cr_assert_eq(gradus_matrix_multiply(context, kind, 1.0, a, b, 0.0, c), status, "%s", gradus_context_message(context));
    cr_assert(says(context, message), "'%s' does not say '%s'", gradus_context_message(context), message);
}

Test(matrix, errors) {
    gradus_context *context = context_of(1);
    float memory[3][64] = {{0}};
    gradus_tensor a = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory[0], 3, 4), b = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory[1], 4, 5);
    gradus_tensor c = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory[2], 3, 5);
    refused(context, GRADUS_PRODUCT_NN, NULL, &b, &c, GRADUS_INVALID_ARGUMENT, "NULL");
    refused(context, GRADUS_PRODUCT_NN, &a, NULL, &c, GRADUS_INVALID_ARGUMENT, "NULL");
    refused(context, GRADUS_PRODUCT_NN, &a, &b, NULL, GRADUS_INVALID_ARGUMENT, "NULL");
    refused(context, 0, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "0");
    refused(context, 4, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "4");
    refused(context, GRADUS_PRODUCT_NT, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "4 x 5");
    refused(context, GRADUS_PRODUCT_TN, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "3 x 4");
    b.rows = 3;
    refused(context, GRADUS_PRODUCT_NN, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "b");
    b.rows = 4;
    b.row_stride = 4;
    refused(context, GRADUS_PRODUCT_NN, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "row_stride 4");
    b.row_stride = 5;
    a.dtype = GRADUS_DTYPE_BF16;
    refused(context, GRADUS_PRODUCT_NN, &a, &b, &c, GRADUS_UNSUPPORTED, "3");
    a.dtype = GRADUS_DTYPE_F32;
    c.data = NULL;
    refused(context, GRADUS_PRODUCT_NN, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "NULL");
    c.data = memory[2];
    a.batch = 2;
    refused(context, GRADUS_PRODUCT_NN, &a, &b, &c, GRADUS_INVALID_ARGUMENT, "");
    a.batch = 1;
    gradus_interrupt(context);
    refused(context, GRADUS_PRODUCT_NN, &a, &b, &c, GRADUS_INTERRUPTED, "");
    cr_assert_eq(gradus_matrix_multiply(context, GRADUS_PRODUCT_NN, 1.0, &a, &b, 0.0, &c), GRADUS_OK);
    gradus_context_destroy(context);
}
