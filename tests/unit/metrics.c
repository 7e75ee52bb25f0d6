/* gradus_net_metrics against small implementations of scikit-learn's definitions, on the outputs that gradus_net_predict gives. */
#include <fenv.h>
#include <math.h>

#include "counting.h"
#include "nets.h"

enum { MOST_CLASSES = 8 };

/* A net, samples, its outputs for them, and what each sample's class is. */
typedef struct scene {
    gradus_context *context;
    net_shape shape;
    gradus_net *net;
    sample_set set;
    size_t n, outputs, classes; /* classes 0: there are none */
    float *y;
    size_t *label, *predicted;
    bool numbers;
} scene;

static size_t highest(const float *row, size_t n) {
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
        if (row[j] > row[best]) best = j;
    return best;
}

/* Few different rows, so that many scores are equal. */
static void repeat_rows(scene *s, size_t rows) {
    for (size_t i = rows; i < s->n; i++) {
        const size_t from = i * 7 % rows;
        memcpy(s->set.floats + i * s->shape.inputs, s->set.floats + from * s->shape.inputs, s->shape.inputs * sizeof(float));
        memcpy(s->set.bytes + i * s->shape.inputs, s->set.bytes + from * s->shape.inputs, s->shape.inputs);
    }
}

static scene scene_make(net_shape shape, size_t n, unsigned kind, size_t rows, uint32_t threads) {
    scene s = {.shape = shape, .n = n, .outputs = last_outputs(&shape)};
    s.context = context_of(threads);
    s.net = make_net(s.context, &shape, 3);
    s.set = make_samples(&shape, n, kind, n + 1);
    repeat_rows(&s, rows);
    s.numbers = s.set.batch.targets.dtype == GRADUS_DTYPE_F32;
    s.y = malloc(n * s.outputs * sizeof *s.y);
    s.label = malloc(n * sizeof *s.label);
    s.predicted = malloc(n * sizeof *s.predicted);
    const gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, s.y, n, s.outputs);
    cr_assert_eq(gradus_net_predict(s.context, s.net, &s.set.batch.inputs, &y), GRADUS_OK);
    const bool binary = s.outputs == 1 && shape.loss != GRADUS_LOSS_CROSS_ENTROPY;
    if (!s.numbers || shape.loss == GRADUS_LOSS_CROSS_ENTROPY || (binary && shape.loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY))
        s.classes = binary ? 2 : s.outputs;
    for (size_t i = 0; i < n; i++) {
        const float *row = s.y + i * s.outputs, *t = s.set.targets + i * s.outputs;
        s.predicted[i] = binary ? row[0] > 0.5f : highest(row, s.outputs);
        s.label[i] = !s.numbers ? s.set.labels[i] : binary ? t[0] > 0.5f : highest(t, s.outputs);
    }
    return s;
}

static void scene_free(scene *s) {
    free(s->y);
    free(s->label);
    free(s->predicted);
    free_samples(&s->set);
    gradus_net_destroy(s->context, s->net);
    gradus_context_destroy(s->context);
}

static void near(double found, double wanted, const char *what) {
    cr_assert((isnan(found) && isnan(wanted)) || fabs(found - wanted) <= 1e-12 * fmax(1.0, fabs(wanted)), "%s: %.17g, expected %.17g", what, found,
              wanted);
}

/* -- the definitions -- */

static double over(double a, double b) { return b > 0 ? a / b : 0; }

/* By the definition: all pairs. */
static double all_pairs(const scene *s, size_t class, size_t column) {
    double pairs = 0, right = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; s->label[i] == class && k < s->n; k++) {
            if (s->label[k] == class) continue;
            const float high = s->y[i * s->outputs + column], low = s->y[k * s->outputs + column];
            pairs += 1;
            right += high > low ? 1 : high == low ? 0.5 : 0;
        }
    return pairs > 0 ? right / pairs : NAN;
}

static void check_classes(const scene *s, const gradus_metrics *m, const gradus_class_metrics *class, const uint64_t *confusion, bool areas) {
    gradus_class_means macro = {0}, weighted = {0};
    double right = 0, area = 0, with_area = 0;
    for (size_t k = 0; k < s->classes; k++) {
        double tp = 0, fp = 0, fn = 0;
        for (size_t i = 0; i < s->n; i++) {
            tp += s->label[i] == k && s->predicted[i] == k;
            fp += s->label[i] != k && s->predicted[i] == k;
            fn += s->label[i] == k && s->predicted[i] != k;
        }
        const double precision = over(tp, tp + fp), recall = over(tp, tp + fn), f1 = over(2 * tp, 2 * tp + fp + fn);
        near(class[k].precision, precision, "precision");
        near(class[k].recall, recall, "recall");
        near(class[k].f1, f1, "f1");
        cr_assert(class[k].right == (uint64_t)tp && class[k].samples == (uint64_t)(tp + fn) && class[k].predicted == (uint64_t)(tp + fp));
        right += tp;
        macro.precision += precision / (double)s->classes, macro.recall += recall / (double)s->classes, macro.f1 += f1 / (double)s->classes;
        weighted.precision += precision * (tp + fn) / (double)s->n, weighted.recall += recall * (tp + fn) / (double)s->n;
        weighted.f1 += f1 * (tp + fn) / (double)s->n;
        for (size_t j = 0; j < s->classes; j++) {
            uint64_t cell = 0;
            for (size_t i = 0; i < s->n; i++) cell += s->label[i] == k && s->predicted[i] == j;
            cr_assert_eq(confusion[k * s->classes + j], cell);
        }
        const double wanted = s->classes == 2 ? all_pairs(s, 1, s->outputs - 1) : all_pairs(s, k, k);
        near(class[k].auc, areas ? wanted : NAN, "a class's auc");
        if (!isnan(wanted)) area += wanted, with_area++;
    }
    near(m->accuracy, right / (double)s->n, "accuracy");
    near(m->macro.precision, macro.precision, "macro precision");
    near(m->macro.recall, macro.recall, "macro recall");
    near(m->macro.f1, macro.f1, "macro f1");
    near(m->weighted.precision, weighted.precision, "weighted precision");
    near(m->weighted.recall, weighted.recall, "weighted recall");
    near(m->weighted.f1, weighted.f1, "weighted f1");
    near(m->precision, s->classes == 2 ? class[1].precision : macro.precision, "precision");
    near(m->recall, s->classes == 2 ? class[1].recall : macro.recall, "recall");
    near(m->f1, s->classes == 2 ? class[1].f1 : macro.f1, "f1");
    near(m->auc, areas && with_area ? area / with_area : NAN, "auc");
}

/* The label's place after a stable sort, highest first. */
static double top(const scene *s, size_t k) {
    double right = 0;
    for (size_t i = 0; i < s->n; i++) {
        const float *row = s->y + i * s->outputs;
        size_t place = 0;
        if (s->outputs < s->classes) {
            right += k > 1 || s->predicted[i] == s->label[i];
            continue;
        }
        for (size_t j = 0; j < s->outputs; j++)
            if (row[j] > row[s->label[i]] || (row[j] == row[s->label[i]] && j < s->label[i])) place++;
        right += place < k;
    }
    return right / (double)s->n;
}

static void check_outputs(const scene *s, const gradus_metrics *m, const gradus_output_metrics *output) {
    double rmse = 0, mae = 0, r2 = 0;
    const double n = (double)s->n, outputs = (double)s->outputs;
    for (size_t j = 0; j < s->outputs; j++) {
        long double mean = 0, squares = 0, magnitudes = 0, spread = 0;
        for (size_t i = 0; i < s->n; i++) mean += (long double)s->set.targets[i * s->outputs + j] / n;
        for (size_t i = 0; i < s->n; i++) {
            const long double t = s->set.targets[i * s->outputs + j], e = s->y[i * s->outputs + j] - t;
            squares += e * e, magnitudes += fabsl(e), spread += (t - mean) * (t - mean);
        }
        near(output[j].rmse, sqrt((double)squares / n), "rmse");
        near(output[j].mae, (double)magnitudes / n, "mae");
        near(output[j].r2, s->n < 2 ? NAN : 1 - (double)(squares / spread), "r2");
        rmse += output[j].rmse / outputs, mae += output[j].mae / outputs, r2 += output[j].r2 / outputs;
    }
    near(m->rmse, rmse, "mean rmse");
    near(m->mae, mae, "mean mae");
    near(m->r2, r2, "mean r2");
}

/* -- all kinds of nets and targets -- */

static net_shape with_loss(size_t outputs, gradus_activation last, gradus_loss loss) {
    net_shape shape = shape_of(9, 2, (const size_t[]){7, outputs}, GRADUS_ACTIVATION_TANH, last);
    shape.loss = loss;
    return shape;
}

/* Room for predictions, in rows with a gap. */
static gradus_tensor gapped(const scene *s) {
    const size_t stride = s->outputs + 3;
    gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, calloc(s->n, stride * sizeof *s->y), s->n, s->outputs);
    y.row_stride = (ptrdiff_t)stride;
    y.batch_stride = (ptrdiff_t)(s->n * stride);
    return y;
}

static void check_predictions(const scene *s, const gradus_tensor *found) {
    for (size_t i = 0; i < s->n; i++) {
        const float *row = (const float *)found->data + i * (size_t)found->row_stride;
        cr_assert(memcmp(row, s->y + i * s->outputs, s->outputs * sizeof *row) == 0, "another prediction of sample %zu", i);
        for (size_t j = s->outputs; j < (size_t)found->row_stride; j++) cr_assert_eq(row[j], 0.0f);
    }
    free(found->data);
}

static void check_scene(net_shape shape, size_t n, unsigned kind, size_t rows) {
    scene s = scene_make(shape, n, kind, rows, 1 + n % 3);
    gradus_metrics_config config;
    gradus_metrics m;
    gradus_evaluation e;
    gradus_class_metrics class[MOST_CLASSES];
    gradus_output_metrics output[MOST_CLASSES];
    uint64_t confusion[MOST_CLASSES * MOST_CLASSES];
    gradus_metrics_config_init(&config);
    gradus_metrics_init(&m);
    gradus_evaluation_init(&e);
    config.top_k = 1 + n % 3;
    config.auc = n % 2 == 0 || n > 1000;
    config.confusion = confusion;
    config.classes = class;
    config.outputs = output;
    config.predictions = gapped(&s);
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_OK, "%s", gradus_context_message(s.context));
    check_predictions(&s, &config.predictions);
    cr_assert_eq(gradus_net_evaluate(s.context, s.net, &s.set.batch, &e), GRADUS_OK);
    cr_assert(m.loss == e.loss && m.samples == n && m.classes == s.classes);
    if (s.classes) {
        cr_assert(m.accuracy == e.accuracy && m.f1 == e.f1);
        check_classes(&s, &m, class, confusion, config.auc);
        near(m.top_k_accuracy, top(&s, config.top_k), "top k");
    } else {
        cr_assert(isnan(m.accuracy) && isnan(m.f1) && isnan(m.auc) && isnan(m.macro.f1) && isnan(m.weighted.recall) && isnan(m.top_k_accuracy));
    }
    if (s.numbers)
        check_outputs(&s, &m, output);
    else
        cr_assert(isnan(m.rmse) && isnan(m.mae) && isnan(m.r2));
    cr_assert_eq(gradus_net_classes(s.net), s.outputs == 1 ? 2 : s.outputs);
    scene_free(&s);
}

Test(metrics, definitions) {
    static const size_t counts[] = {1, 2, 3, 63, 64, 65, 130, 1024, 1090};
    for (size_t i = 0; i < 9; i++) {
        const size_t n = counts[i], rows = n < 40 ? n : 40;
        check_scene(with_loss(5, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY), n, 0, rows);
        check_scene(with_loss(5, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY), n, INPUTS_U8 | OTHER_TARGETS, n);
        check_scene(with_loss(2, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY), n, LABELS_I32, n);
        check_scene(with_loss(1, GRADUS_ACTIVATION_SIGMOID, GRADUS_LOSS_BINARY_CROSS_ENTROPY), n, OTHER_TARGETS, n);
        check_scene(with_loss(1, GRADUS_ACTIVATION_SIGMOID, GRADUS_LOSS_BINARY_CROSS_ENTROPY), n, 0, rows);
        check_scene(with_loss(3, GRADUS_ACTIVATION_SIGMOID, GRADUS_LOSS_BINARY_CROSS_ENTROPY), n, OTHER_TARGETS, n);
        check_scene(with_loss(3, GRADUS_ACTIVATION_IDENTITY, GRADUS_LOSS_MSE), n, 0, rows);
        check_scene(with_loss(1, GRADUS_ACTIVATION_IDENTITY, GRADUS_LOSS_HUBER), n, 0, n);
        check_scene(with_loss(1, GRADUS_ACTIVATION_IDENTITY, GRADUS_LOSS_MSE), n, OTHER_TARGETS, n);
    }
}

/* -- by hand -- */

/* A net of one output that is its input. */
static gradus_net *mirror(gradus_context *context, size_t outputs) {
    const net_shape shape = shape_of(outputs, 1, (const size_t[]){outputs}, 0, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = plain_net(context, &shape, 1);
    float weights[MOST_CLASSES * MOST_CLASSES] = {0}, bias[MOST_CLASSES] = {0};
    for (size_t j = 0; j < outputs; j++) weights[j * outputs + j] = 1.0f;
    const gradus_tensor w = gradus_tensor_matrix(GRADUS_DTYPE_F32, weights, outputs, outputs),
                        b = gradus_tensor_vector(GRADUS_DTYPE_F32, bias, outputs);
    cr_assert_eq(gradus_net_set(context, net, 0, &w, &b), GRADUS_OK);
    return net;
}

static gradus_metrics of_rows(gradus_context *context, gradus_net *net, const float *rows, const int32_t *labels, const float *targets, size_t n,
                              const gradus_metrics_config *config) {
    gradus_batch batch;
    gradus_metrics m;
    const size_t columns = gradus_net_inputs(net);
    gradus_batch_init(&batch);
    gradus_metrics_init(&m);
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, (void *)(uintptr_t)rows, n, columns);
    batch.targets = labels ? gradus_tensor_vector(GRADUS_DTYPE_I32, (void *)(uintptr_t)labels, n)
                           : gradus_tensor_matrix(GRADUS_DTYPE_F32, (void *)(uintptr_t)targets, n, columns);
    batch.samples = n;
    cr_assert_eq(gradus_net_metrics(context, net, &batch, config, &m), GRADUS_OK, "%s", gradus_context_message(context));
    return m;
}

Test(metrics, by_hand) {
    gradus_context *context = context_of(1);
    gradus_net *one = mirror(context, 1), *three = mirror(context, 3);
    gradus_metrics_config config;
    gradus_metrics_config_init(&config);
    config.auc = 1;
    /* scikit-learn's example of roc_auc_score: 0.75. */
    cr_assert_eq(of_rows(context, one, (const float[]){0.1f, 0.4f, 0.35f, 0.8f}, (const int32_t[]){0, 0, 1, 1}, NULL, 4, &config).auc, 0.75);
    /* Zeros of both signs are equal, infinities are the ends, a NaN spoils it, one class has none. */
    cr_assert_eq(of_rows(context, one, (const float[]){-0.0f, 0.0f}, (const int32_t[]){0, 1}, NULL, 2, &config).auc, 0.5);
    cr_assert_eq(of_rows(context, one, (const float[]){-1e-45f, 0.0f, -3.0f, 1e30f}, (const int32_t[]){0, 1, 0, 1}, NULL, 4, &config).auc, 1.0);
    cr_assert_eq(of_rows(context, one, (const float[]){2.0f, 1.0f, -1.0f, -2.0f}, (const int32_t[]){0, 0, 1, 1}, NULL, 4, &config).auc, 0.0);
    cr_assert(isnan(of_rows(context, one, (const float[]){NAN, 1.0f}, (const int32_t[]){0, 1}, NULL, 2, &config).auc));
    cr_assert(isnan(of_rows(context, one, (const float[]){0.0f, 1.0f}, (const int32_t[]){1, 1}, NULL, 2, &config).auc));
    /* Three classes of which one never comes: the mean is over the two that have an area. */
    const float rows[] = {0.7f, 0.2f, 0.1f, 0.3f, 0.4f, 0.3f, 0.6f, 0.3f, 0.1f};
    gradus_metrics m = of_rows(context, three, rows, (const int32_t[]){0, 1, 1}, NULL, 3, &config);
    cr_assert(m.auc == (1.0 + 1.0) / 2 && m.accuracy == 2.0 / 3 && m.macro.recall == (1.0 + 0.5) / 3);
    /* R2 where the targets do not vary, and where there is one. */
    m = of_rows(context, one, (const float[]){2.0f, 2.0f}, NULL, (const float[]){2.0f, 2.0f}, 2, NULL);
    cr_assert(m.r2 == 1.0 && m.rmse == 0.0 && m.mae == 0.0);
    m = of_rows(context, one, (const float[]){2.0f, 4.0f}, NULL, (const float[]){2.0f, 2.0f}, 2, NULL);
    cr_assert(m.r2 == 0.0 && m.rmse == sqrt(2.0) && m.mae == 1.0);
    cr_assert(isnan(of_rows(context, one, (const float[]){2.0f}, NULL, (const float[]){2.0f}, 1, NULL).r2));
    /* Of equal outputs the lower index is the higher place; a NaN has none. */
    config.top_k = 2;
    const float ties[] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, NAN, 1.0f, 2.0f};
    m = of_rows(context, three, ties, (const int32_t[]){1, 2, 0}, NULL, 3, &config);
    cr_assert_eq(m.top_k_accuracy, 1.0 / 3);
    config.top_k = 100;
    cr_assert_eq(of_rows(context, three, ties, (const int32_t[]){1, 2, 0}, NULL, 3, &config).top_k_accuracy, 2.0 / 3);
    gradus_net_destroy(context, one);
    gradus_net_destroy(context, three);
    gradus_context_destroy(context);
}

/* -- the same bits -- */

static gradus_metrics measure(const char *isa, uint32_t threads, int rounding) {
    const net_shape shape = with_loss(5, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY);
    gradus_context *context = context_with(isa, threads);
    gradus_net *net = make_net(context, &shape, 3);
    sample_set set = make_samples(&shape, 3000, OTHER_TARGETS, 8);
    gradus_metrics_config config;
    gradus_metrics m;
    gradus_metrics_config_init(&config);
    gradus_metrics_init(&m);
    config.auc = 1;
    config.top_k = 2;
    fesetround(rounding);
    const gradus_status status = gradus_net_metrics(context, net, &set.batch, &config, &m);
    fesetround(FE_TONEAREST);
    cr_assert_eq(status, GRADUS_OK);
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    return m;
}

Test(metrics, the_same_bits) {
    const gradus_metrics wanted = measure("scalar", 1, FE_TONEAREST);
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++)
        for (uint32_t threads = 1; threads <= 3; threads++) {
            const gradus_metrics found = measure(isa, threads, threads == 2 ? FE_DOWNWARD : FE_TONEAREST);
            cr_assert(memcmp(&found, &wanted, sizeof wanted) == 0, "%s, %u threads", isa, threads);
        }
}

/* -- errors and memory -- */

Test(metrics, errors) {
    scene s = scene_make(with_loss(5, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY), 10, 0, 10, 1);
    gradus_metrics_config config;
    gradus_metrics m;
    uint64_t confusion[25] = {77};
    gradus_metrics_config_init(&config);
    gradus_metrics_init(&m);
    config.confusion = confusion;
    cr_assert_eq(gradus_net_metrics(s.context, s.net, NULL, &config, &m), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_metrics(s.context, NULL, &s.set.batch, &config, &m), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, NULL), GRADUS_INVALID_ARGUMENT);
    m.struct_size = 0;
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_INVALID_ARGUMENT);
    gradus_metrics_init(&m);
    config.reserved = 1;
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(s.context, "reserved"));
    config.reserved = 0;
    config.predictions = gradus_tensor_matrix(GRADUS_DTYPE_F32, s.y, 9, 5);
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(s.context, "predictions"));
    config.predictions.data = NULL;
    s.set.batch.samples = 11;
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_INVALID_ARGUMENT);
    s.set.batch.samples = 10;
    gradus_interrupt(s.context);
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_INTERRUPTED);
    cr_assert_eq(confusion[0], 77);
    cr_assert_eq(gradus_net_metrics(s.context, s.net, &s.set.batch, &config, &m), GRADUS_OK);
    scene_free(&s);
}

Test(metrics, memory) {
    counting memory;
    const net_shape shape = with_loss(5, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY);
    gradus_context_config context_config = counting_config(&memory, 1);
    gradus_context *context = make_context(&context_config);
    gradus_net *net = make_net(context, &shape, 3);
    sample_set small = make_samples(&shape, 2000, 0, 8), large = make_samples(&shape, 20000, 0, 8);
    gradus_metrics_config config;
    gradus_metrics m;
    gradus_metrics_config_init(&config);
    gradus_metrics_init(&m);
    for (size_t refused = 1; refused <= 2; refused++) {
        const size_t live = memory.live;
        memory.refuse_at = memory.asked + refused;
        cr_assert_eq(gradus_net_metrics(context, net, &small.batch, &config, &m), GRADUS_OUT_OF_MEMORY);
        cr_assert_eq(memory.live, live);
    }
    memory.refuse_at = memory.greatest = 0;
    cr_assert_eq(gradus_net_metrics(context, net, &small.batch, &config, &m), GRADUS_OK);
    const size_t greatest = memory.greatest;
    memory.greatest = 0;
    cr_assert_eq(gradus_net_metrics(context, net, &large.batch, &config, &m), GRADUS_OK);
    cr_assert_leq(memory.greatest, greatest);
    config.auc = 1;
    cr_assert_eq(gradus_net_metrics(context, net, &large.batch, &config, &m), GRADUS_OK);
    cr_assert_leq(memory.greatest, 20000 * (4 * 5 + 20) + 4096);
    free_samples(&small);
    free_samples(&large);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&memory);
}
