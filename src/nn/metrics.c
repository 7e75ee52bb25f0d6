/* gradus_net_metrics: everything that can be seen of a net's outputs in one pass. */
#include "nn/metrics.h"

#include <math.h>
#include <string.h>

#include "base/fp.h"
#include "nn/classes.h"
#include "nn/evaluate.h"
#include "nn/loss.h"

/* What the pass needs besides its chunks: one allocation. */
typedef struct pass {
    const gradus_net *net;
    const gradus_metrics_config *config;
    const gd_samples *samples;
    size_t classes, outputs;     /* 0: there are none, no numbers */
    gradus_class_metrics *class; /* [classes] */
    uint64_t *confusion;         /* [classes][classes], if wanted */
    gd_error_sums *errors;       /* [outputs] */
    float *scores;               /* [columns][samples], if the areas are wanted */
    uint32_t *labels;            /* [samples], as are these: */
    uint64_t *keys, *spare;
    uint64_t among_top;
} pass;

size_t gradus_net_classes(const gradus_net *net) { return gd_loss_classes(net->loss, gradus_net_outputs(net)); }

void gradus_metrics_config_init_sized(gradus_metrics_config *config, size_t struct_size) {
    memset(config, 0, struct_size);
    config->struct_size = struct_size;
}

void gradus_metrics_init_sized(gradus_metrics *metrics, size_t struct_size) {
    memset(metrics, 0, struct_size);
    metrics->struct_size = struct_size;
}

/* Of two classes the second one's scores are enough. */
static size_t score_columns(const pass *p) { return p->classes == 2 ? 1 : p->classes; }

static void place(pass *p, gd_arena *arena) {
    const size_t n = p->config->auc ? p->samples->count : 0, cells = p->config->confusion ? p->classes : 0;
    size_t all_scores;
    p->class = gd_arena_take(arena, p->classes, sizeof *p->class);
    p->confusion = gd_arena_take(arena, cells, p->classes * sizeof *p->confusion);
    p->errors = gd_arena_take(arena, p->outputs, sizeof *p->errors);
    if (!p->classes) return;
    (void)gd_size_multiply(n, score_columns(p), &all_scores);
    p->scores = gd_arena_take(arena, all_scores, sizeof *p->scores);
    p->labels = gd_arena_take(arena, n, sizeof *p->labels);
    p->keys = gd_arena_take(arena, n, sizeof *p->keys);
    p->spare = gd_arena_take(arena, n, sizeof *p->spare);
}

/* Whether the label is among the k highest of a row, the lower index before an equal one. */
static bool among_top(const pass *p, const float *row, size_t label) {
    const size_t outputs = gradus_net_outputs(p->net);
    size_t before = 0;
    if (outputs < p->classes) return p->config->top_k > 1 || gd_output_class(p->net->loss, gradus_net_outputs(p->net), row) == label;
    if (isnan(row[label])) return false;
    for (size_t j = 0; j < outputs; j++) before += row[j] > row[label] || (row[j] == row[label] && j < label);
    return before < p->config->top_k;
}

static void keep_scores(const pass *p, const float *row, size_t label, size_t at) {
    const size_t columns = score_columns(p), last = gradus_net_outputs(p->net) - 1;
    p->labels[at] = (uint32_t)label;
    for (size_t k = 0; k < columns; k++) p->scores[k * p->samples->count + at] = row[columns == 1 ? last : k];
}

static void see_class(pass *p, const float *row, size_t at) {
    const size_t predicted = gd_output_class(p->net->loss, gradus_net_outputs(p->net), row),
                 label = gd_target_class(p->net->loss, gradus_net_outputs(p->net), &p->samples->targets, at);
    p->class[label].samples++;
    p->class[predicted].predicted++;
    p->class[label].right += predicted == label;
    if (p->config->confusion) p->confusion[label * p->classes + predicted]++;
    if (p->config->top_k) p->among_top += among_top(p, row, label);
    if (p->config->auc) keep_scores(p, row, label, at);
}

static void keep_outputs(const pass *p, const gd_chunk *c, size_t first, size_t count) {
    const gradus_tensor *all = &p->config->predictions;
    for (size_t i = 0; i < count; i++)
        memcpy((float *)all->data + gd_tensor_row(all, first + i), c->result + i * c->result_stride, all->columns * sizeof *c->result);
}

static void see(void *user, const gd_chunk *c, size_t first, size_t count) {
    pass *p = user;
    if (p->config->predictions.data) keep_outputs(p, c, first, count);
    for (size_t i = 0; p->classes && i < count; i++) see_class(p, c->result + i * c->result_stride, first + i);
    if (p->outputs) gd_errors_add(p->errors, &p->samples->targets, c, first, count);
}

static double quotient(double a, double b) { return b > 0.0 ? a / b : 0.0; }

static void score_class(const pass *p, size_t k) {
    gradus_class_metrics *c = &p->class[k];
    const double right = (double)c->right;
    c->precision = quotient(right, (double)c->predicted);
    c->recall = quotient(right, (double)c->samples);
    c->f1 = quotient(2.0 * right, (double)c->predicted + (double)c->samples);
    c->auc = NAN;
}

/* The areas of all classes that have one; the mean is NaN if none has. */
static double score_areas(const pass *p) {
    double sum = 0.0, found = 0.0;
    const size_t columns = score_columns(p), n = p->samples->count;
    for (size_t k = 0; k < columns; k++) {
        const size_t class = columns == 1 ? p->classes - 1 : k;
        const bool has_area = p->class[class].samples > 0 && p->class[class].samples < n;
        p->class[class].auc = gd_area_under_curve(p->scores + k * n, p->labels, (uint32_t) class, n, p->keys, p->spare);
        if (has_area) sum += p->class[class].auc;
        found += has_area;
    }
    if (p->classes == 2) p->class[0].auc = p->class[1].auc;
    return found > 0.0 ? sum / found : NAN;
}

static void add_scaled(gradus_class_means *means, const gradus_class_metrics *c, double weight) {
    means->precision += c->precision * weight;
    means->recall += c->recall * weight;
    means->f1 += c->f1 * weight;
}

static gradus_class_means divided(gradus_class_means sums, double by) {
    return (gradus_class_means){sums.precision / by, sums.recall / by, sums.f1 / by};
}

static void score_classes(const pass *p, gradus_metrics *m) {
    gradus_class_means macro = {0}, weighted = {0};
    uint64_t right = 0;
    const double n = (double)m->samples;
    for (size_t k = 0; k < p->classes; k++) {
        score_class(p, k);
        add_scaled(&macro, &p->class[k], 1.0);
        add_scaled(&weighted, &p->class[k], (double)p -> class[k].samples);
        right += p->class[k].right;
    }
    m->accuracy = (double)right / n;
    if (p->config->top_k) m->top_k_accuracy = (double)p->among_top / n;
    if (p->config->auc) m->auc = score_areas(p);
    m->macro = divided(macro, (double)p->classes);
    m->weighted = divided(weighted, n);
    const gradus_class_metrics *second = &p->class[p->classes - 1];
    const gradus_class_means shown = p->classes == 2 ? (gradus_class_means){second->precision, second->recall, second->f1} : m->macro;
    m->precision = shown.precision;
    m->recall = shown.recall;
    m->f1 = shown.f1;
}

static void score_outputs(const pass *p, gradus_metrics *m) {
    gradus_output_metrics sums = {0};
    for (size_t j = 0; j < p->outputs; j++) {
        const gradus_output_metrics one = gd_errors_end(&p->errors[j], p->samples->count);
        sums.rmse += one.rmse;
        sums.mae += one.mae;
        sums.r2 += one.r2;
        if (p->config->outputs) p->config->outputs[j] = one;
    }
    m->rmse = sums.rmse / (double)p->outputs;
    m->mae = sums.mae / (double)p->outputs;
    m->r2 = sums.r2 / (double)p->outputs;
}

static GD_NOINLINE gradus_status measure(pass *p, gd_chunk *c, gradus_metrics *m) {
    const gradus_class_means none = {NAN, NAN, NAN};
    if (p->outputs) gd_errors_begin(p->errors, &p->samples->targets, p->samples->count);
    gradus_status status = gd_evaluate(c, p->samples, see, p, &m->loss);
    if (status != GRADUS_OK) return status;
    m->samples = p->samples->count;
    m->classes = p->classes;
    m->macro = m->weighted = none;
    m->accuracy = m->top_k_accuracy = m->precision = m->recall = m->f1 = m->auc = m->rmse = m->mae = m->r2 = NAN;
    if (p->classes) score_classes(p, m);
    if (p->outputs) score_outputs(p, m);
    if (p->classes && p->config->classes) memcpy(p->config->classes, p->class, p->classes * sizeof *p->class);
    if (p->classes && p->config->confusion) memcpy(p->config->confusion, p->confusion, p->classes * p->classes * sizeof *p->confusion);
    return GRADUS_OK;
}

static gradus_status run(gradus_context *context, pass *p, gradus_metrics *metrics) {
    gd_chunk c = {.context = context, .net = p->net};
    gd_arena arena = {NULL, 0};
    void *memory;
    place(p, &arena);
    const size_t size = arena.used;
    gradus_status status = gd_context_allocate(context, size, "metrics", &memory);
    if (status != GRADUS_OK) return status;
    memset(memory, 0, size);
    arena = (gd_arena){memory, 0};
    place(p, &arena);
    status = gd_chunk_lay_out(&c, p->samples->count);
    if (status == GRADUS_OK) {
        const gd_fp_environment environment = gd_fp_enter();
        status = measure(p, &c, metrics);
        gd_fp_leave(environment);
    }
    gd_release(&context->allocator, memory, size);
    return status;
}

gradus_status gradus_net_metrics(gradus_context *context, const gradus_net *net, const gradus_batch *batch, const gradus_metrics_config *given,
                                 gradus_metrics *metrics) {
    gd_samples samples;
    gradus_metrics known;
    gradus_metrics_config config;
    gradus_metrics_init(&known);
    gradus_metrics_config_init(&config);
    if (!net || !metrics || metrics->struct_size < sizeof(size_t))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_metrics: %s",
                       net ? "metrics must be initialised (gradus_metrics_init)" : "net is NULL");
    gradus_status status = given ? gd_read_struct(context, "gradus_metrics_config", given, &config, sizeof config) : GRADUS_OK;
    if (status == GRADUS_OK && config.reserved != 0)
        status = gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_metrics: the config's reserved is %d, expected 0", (int)config.reserved);
    if (status == GRADUS_OK) status = gd_check_batch(context, net, batch, false, "gradus_net_metrics", &samples);
    if (status == GRADUS_OK && config.predictions.data)
        status = gd_tensor_check_f32(context, &config.predictions, samples.count, gradus_net_outputs(net), "gradus_net_metrics: predictions");
    if (status != GRADUS_OK) return status;
    pass p = {.net = net,
              .config = &config,
              .samples = &samples,
              .classes = gd_have_classes(net->loss, gradus_net_outputs(net), &samples.targets) ? gradus_net_classes(net) : 0,
              .outputs = gd_targets_are_classes(&samples.targets) ? 0 : gradus_net_outputs(net)};
    status = run(context, &p, &known);
    if (status == GRADUS_OK) gd_write_struct(metrics, metrics->struct_size, &known, sizeof known);
    return status;
}
