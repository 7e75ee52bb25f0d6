/* A training step finds its plan in the context's scratch if the last one left one that fits; whatever came between, the bits are those of a context
 * that never planned anything. */
#include "nets.h"

enum { STEPS = 12, ALL_KINDS = INPUTS_U8 | LABELS_I32 | ROWS_STRIDED | OTHER_TARGETS };

/* A net with its optimizer, and a twin of both that only ever meets new contexts. */
typedef struct twins {
    net_shape shape;
    gradus_net *net[2];
    gradus_optimizer *optimizer[2];
} twins;

static twins make_twins(gradus_context *context, net_shape shape, const char *optimizer) {
    twins t = {.shape = shape};
    for (int i = 0; i < 2; i++) {
        t.net[i] = make_net(context, &shape, 3);
        t.optimizer[i] = make_optimizer(context, t.net[i], optimizer);
    }
    return t;
}

static void free_twins(gradus_context *context, twins *t) {
    for (int i = 0; i < 2; i++) {
        gradus_optimizer_destroy(context, t->optimizer[i]);
        gradus_net_destroy(context, t->net[i]);
    }
}

/* A step of both, the second on a context of its own; the loss and the parameters must be the same. */
static void step_twins(gradus_context *context, twins *t, size_t samples, unsigned kind, uint64_t seed, const char *what) {
    sample_set set = make_samples(&t->shape, samples, kind, seed);
    gradus_context *fresh = context_with(gradus_context_isa(context), 1);
    char digests[2][DIGEST];
    double losses[2];
    cr_assert_eq(gradus_net_step(context, t->net[0], t->optimizer[0], &set.batch, &losses[0]), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_step(fresh, t->net[1], t->optimizer[1], &set.batch, &losses[1]), GRADUS_OK, "%s", gradus_context_message(fresh));
    for (int i = 0; i < 2; i++) digest_of(fresh, t->net[i], digests[i]);
    cr_assert_eq(test_double_bits(losses[0]), test_double_bits(losses[1]), "%s: another loss", what);
    cr_assert_str_eq(digests[0], digests[1], "%s", what);
    gradus_context_destroy(fresh);
    free_samples(&set);
}

static net_shape small_shape(void) { return shape_of(2, 2, (const size_t[]){10, 1}, GRADUS_ACTIVATION_GELU, GRADUS_ACTIVATION_IDENTITY); }

static net_shape wide_shape(void) { return shape_of(7, 3, (const size_t[]){33, 40, 18}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX); }

/* Other nets, batches, kinds of inputs and targets, and calls that need the scratch for themselves, in a random order. */
Test(net_plan, whatever_comes_between_steps) {
    gradus_context *context = context_of(2);
    twins nets[] = {make_twins(context, small_shape(), "adam:lr=0.01"), make_twins(context, wide_shape(), "momentum:lr=0.02"),
                    make_twins(context, small_shape(), "sgd:lr=0.05")};
    uint64_t random = 9;
    for (uint64_t step = 0; step < STEPS; step++) {
        twins *t = &nets[test_random(&random) % 3];
        const size_t samples = 1 + test_random(&random) % 3 * 64;
        for (unsigned kind = 0; kind <= ALL_KINDS; kind++) step_twins(context, t, samples, kind, step * (ALL_KINDS + 1) + kind, "a step");
        float numbers[64] = {0}, results[64];
        gradus_tensor a = gradus_tensor_matrix(GRADUS_DTYPE_F32, numbers, 8, 8), c = gradus_tensor_matrix(GRADUS_DTYPE_F32, results, 8, 8);
        if (step % 3 == 0) cr_assert_eq(gradus_matrix_multiply(context, GRADUS_PRODUCT_NN, 1.0, &a, &a, 0.0, &c), GRADUS_OK);
        if (step % 3 == 1) {
            sample_set set = make_samples(&t->shape, samples, 0, step);
            double loss;
            cr_assert_eq(gradus_net_loss_gradient(context, t->net[0], &set.batch, NULL, &loss), GRADUS_OK);
            free_samples(&set);
        }
        step_twins(context, t, samples, 0, step, "a step after another call");
    }
    for (int i = 0; i < 3; i++) free_twins(context, &nets[i]);
    gradus_context_destroy(context);
}

/* As many samples as the whole batch before, but half of a batch: the gradient waits, and nothing is updated yet. Clipping by norm keeps gradients in the
 * optimizer's memory either way. */
Test(net_plan, a_part_after_a_whole_batch) {
    enum { SAMPLES = 64 };
    gradus_context *context = context_of(1);
    twins t = make_twins(context, wide_shape(), "adam:lr=0.01");
    gradus_clipping clipping;
    gradus_clipping_init(&clipping);
    clipping.norm = 0.01;
    for (int i = 0; i < 2; i++) cr_assert_eq(gradus_net_optimizer_set_clipping(context, t.optimizer[i], &clipping), GRADUS_OK);
    step_twins(context, &t, SAMPLES, 0, 1, "a whole batch");
    sample_set set = make_samples(&t.shape, SAMPLES, 0, 2);
    char before[DIGEST], after[DIGEST];
    double loss;
    digest_of(context, t.net[0], before);
    set.batch.total = 2 * SAMPLES;
    cr_assert_eq(gradus_net_step(context, t.net[0], t.optimizer[0], &set.batch, &loss), GRADUS_OK, "%s", gradus_context_message(context));
    digest_of(context, t.net[0], after);
    cr_assert_str_eq(before, after, "half a batch has changed parameters");
    free_samples(&set);
    free_twins(context, &t);
    gradus_context_destroy(context);
}

/* Nets that differ from the first in one thing each, and take as much memory. */
static size_t variants(net_shape *shapes) {
    const net_shape base = shape_of(4, 2, (const size_t[]){5, 3}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    size_t count = 0;
    for (; count < 9; count++) shapes[count] = base;
    shapes[count++] = shape_of(4, 2, (const size_t[]){5, 3}, GRADUS_ACTIVATION_IDENTITY, GRADUS_ACTIVATION_IDENTITY);
    shapes[count++] = shape_of(4, 3, (const size_t[]){5, 3, 3}, GRADUS_ACTIVATION_IDENTITY, GRADUS_ACTIVATION_IDENTITY);
    shapes[1].inputs = 5;
    shapes[2].outputs[0] = 7;
    shapes[3].outputs[1] = 2;
    shapes[4].activations[0] = GRADUS_ACTIVATION_TANH;
    shapes[5].label_smoothing = 0.25;
    shapes[6].loss = GRADUS_LOSS_MSE;
    shapes[7].layers = 1;
    shapes[7].activations[0] = GRADUS_ACTIVATION_SOFTMAX;
    shapes[8].layers = 3;
    shapes[8].outputs[2] = 3;
    shapes[8].activations[1] = GRADUS_ACTIVATION_RELU;
    shapes[8].activations[2] = GRADUS_ACTIVATION_SOFTMAX;
    return count;
}

/* An allocator that gives the same places again once all but the first blocks are back, whatever their sizes. */
enum { SLOTS = 64, SLOT = 1 << 13 };

typedef struct slots {
    unsigned char *memory;
    size_t next, live, first, kept; /* slots given so far; blocks held; what they are when the same places begin again */
    size_t skipped;                 /* a slot to leave out */
} slots;

static void *slots_allocate(void *user, size_t size, size_t alignment) {
    slots *s = user;
    cr_assert(s->next < SLOTS && size <= SLOT && alignment <= SLOT);
    s->live++;
    if (s->next == s->skipped) s->next++;
    return s->memory + s->next++ * SLOT;
}

static void slots_release(void *user, void *memory, size_t size, size_t alignment) {
    slots *s = user;
    (void)memory, (void)size, (void)alignment;
    if (--s->live == s->kept) s->next = s->first;
}

/* A net, with its optimizer, that comes to where another was. */
Test(net_plan, a_net_where_another_was) {
    slots places = {.memory = aligned_alloc(SLOT, SLOTS * SLOT)};
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 1;
    config.allocator = (gradus_allocator){&places, slots_allocate, slots_release};
    gradus_context *context = context_of(1), *maker = make_context(&config);
    net_shape shapes[16];
    const size_t count = variants(shapes);
    twins largest = make_twins(maker, shapes[count - 1], "adam:lr=0.01"); /* the maker's own blocks are there from now on */
    free_twins(maker, &largest);
    places.first = places.next;
    places.kept = places.live;
    for (size_t first = 0; first < count; first++)
        for (size_t second = 0; second < count; second++) {
            const size_t order[] = {first, second};
            for (int i = 0; i < 2; i++) {
                const bool odd = second % 2; /* the same net, but not its weights' place; or in the same place, but not its optimizer's formula */
                places.skipped = i == 1 && first == second && !odd ? places.first + 2 : 0;
                twins t = make_twins(maker, shapes[order[i]], i == 1 && odd ? "momentum:lr=0.02" : "adam:lr=0.01");
                for (uint64_t step = 0; step < 2; step++) step_twins(context, &t, 9, 0, step, "a net after another");
                free_twins(maker, &t);
            }
        }
    gradus_context_destroy(context);
    gradus_context_destroy(maker);
    free(places.memory);
}

Test(net_plan, another_instruction_set) {
    gradus_context *context = context_of(1);
    twins t = make_twins(context, wide_shape(), "sgd:lr=0.05");
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) {
        cr_assert_eq(gradus_context_set_isa(context, isa), GRADUS_OK);
        for (uint64_t step = 0; step < 2; step++) step_twins(context, &t, 70, 0, 2 * i + step, isa);
    }
    free_twins(context, &t);
    gradus_context_destroy(context);
}

/* A step that fails, or is stopped, leaves a plan that the next one may use. */
Test(net_plan, after_a_step_that_failed) {
    gradus_context *context = context_of(1);
    twins t = make_twins(context, wide_shape(), "adam:lr=0.01");
    double loss;
    step_twins(context, &t, 6, 0, 1, "before");
    sample_set set = make_samples(&t.shape, 6, 0, 2);
    float *x = set.batch.inputs.data, kept = x[0];
    x[0] = INFINITY;
    cr_assert_eq(gradus_net_step(context, t.net[0], t.optimizer[0], &set.batch, &loss), GRADUS_NOT_FINITE);
    x[0] = kept;
    gradus_interrupt(context);
    cr_assert_eq(gradus_net_step(context, t.net[0], t.optimizer[0], &set.batch, &loss), GRADUS_INTERRUPTED);
    step_twins(context, &t, 6, 0, 3, "after");
    free_samples(&set);
    free_twins(context, &t);
    gradus_context_destroy(context);
}
