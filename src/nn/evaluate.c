/* Evaluation: the loss over any number of samples in bounded scratch, how many were classified right, and F1. */
#include "nn/evaluate.h"

#include <math.h>
#include <string.h>

#include "base/fp.h"
#include "nn/classes.h"
#include "nn/loss.h"

gradus_status gd_evaluate(gd_chunk *c, const gd_samples *samples, gd_visit *visit, void *user, double *loss) {
    gradus_status status = GRADUS_OK;
    const size_t outputs = gradus_net_outputs(c->net), stride = gd_row_stride(outputs);
    gd_tree tree = {.top = 0};
    for (size_t first = 0; status == GRADUS_OK && first < samples->count; first += GD_CHUNK) {
        const size_t n = gd_chunk_samples(samples->count - first);
        float *result = c->activations[(c->net->layer_count - 1) % 2];
        gd_loss l = {.context = c->context,
                     .kind = c->net->loss,
                     .activation = c->net->layers[c->net->layer_count - 1].activation,
                     .label_smoothing = c->net->label_smoothing,
                     .outputs = outputs,
                     .samples = n,
                     .y_stride = stride,
                     .first = first,
                     .y = result,
                     .targets = &samples->targets,
                     .weights = samples->weights.data ? &samples->weights : NULL,
                     .leaf_sums = c->leaf_sums};
        size_t count = gd_chunk_plan(c, &samples->inputs, first, n, gd_loss_forward_activation(c->net), result, stride);
        c->phases[count++] = gd_loss_phase(&l);
        status = gd_chunk_run(c, count, n);
        for (size_t leaf = 0; status == GRADUS_OK && leaf * GD_LEAF < n; leaf++) gd_tree_add(&tree, c->leaf_sums[leaf]);
        if (status == GRADUS_OK) visit(user, c, first, n);
    }
    *loss = gd_tree_total(&tree) / gd_loss_divisor(c->net->loss, samples->weights.data ? samples->total_weight : (double)samples->count, outputs);
    return status;
}

/* Adds a chunk's predictions to the counts. */
static void count_classes(void *user, const gd_chunk *c, size_t first, size_t n) {
    const gradus_tensor *targets = user;
    const gradus_loss kind = c->net->loss;
    const size_t outputs = gradus_net_outputs(c->net);
    if (!gd_have_classes(kind, outputs, targets)) return;
    for (size_t i = 0; i < n; i++) {
        const size_t predicted = gd_output_class(kind, outputs, c->result + i * c->result_stride);
        const size_t label = gd_target_class(kind, outputs, targets, first + i);
        c->counts[label] += predicted == label;
        c->counts[c->classes + predicted]++;
        c->counts[2 * c->classes + label]++;
    }
}

static double class_f1(const gd_chunk *c, size_t class) {
    const double right = (double)c->counts[class], either = (double)c->counts[c->classes + class] + (double)c->counts[2 * c->classes + class];
    return either > 0.0 ? 2.0 * right / either : 0.0;
}

static void score_classes(const gd_chunk *c, gradus_evaluation *evaluation) {
    uint64_t right = 0;
    double sum = 0.0;
    for (size_t k = 0; k < c->classes; k++) {
        right += c->counts[k];
        sum += class_f1(c, k);
    }
    evaluation->accuracy = (double)right / (double)evaluation->samples;
    evaluation->f1 = c->classes == 2 ? class_f1(c, 1) : sum / (double)c->classes;
}

static GD_NOINLINE gradus_status evaluate(gd_chunk *c, gd_samples *samples, gradus_evaluation *evaluation) {
    memset(c->counts, 0, 3 * c->classes * sizeof *c->counts);
    const gradus_status status = gd_evaluate(c, samples, count_classes, &samples->targets, &evaluation->loss);
    evaluation->samples = samples->count;
    evaluation->accuracy = evaluation->f1 = NAN;
    if (gd_have_classes(c->net->loss, gradus_net_outputs(c->net), &samples->targets)) score_classes(c, evaluation);
    return status;
}

void gradus_evaluation_init_sized(gradus_evaluation *evaluation, size_t struct_size) {
    memset(evaluation, 0, struct_size);
    evaluation->struct_size = struct_size;
}

gradus_status gradus_net_evaluate(gradus_context *context, const gradus_net *net, const gradus_batch *batch, gradus_evaluation *evaluation) {
    gd_samples samples;
    gradus_evaluation known;
    gradus_evaluation_init(&known);
    if (!evaluation || evaluation->struct_size < sizeof(size_t))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_evaluate: evaluation must be initialised (gradus_evaluation_init)");
    gradus_status status = gd_check_batch(context, net, batch, false, "gradus_net_evaluate", &samples);
    if (status != GRADUS_OK) return status;
    gd_chunk c = {.context = context, .net = net};
    status = gd_chunk_lay_out(&c, samples.count);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = evaluate(&c, &samples, &known);
    gd_fp_leave(environment);
    if (status == GRADUS_OK) gd_write_struct(evaluation, evaluation->struct_size, &known, sizeof known);
    return status;
}
