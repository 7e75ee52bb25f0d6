/* What training does to a net besides the loss: dropout and penalties. */
#include <stdio.h>

#include "base/fp.h"
#include "nn/net.h"

static gradus_status check_probability(gradus_context *context, double probability, const char *what) {
    if (probability >= 0.0 && probability < 1.0) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: the dropout of %s is %g, expected a probability from 0 to under 1", what, probability);
}

gradus_status gd_check_dropout(gradus_context *context, double input_dropout, const double *dropout, size_t layer_count) {
    gradus_status status = check_probability(context, input_dropout, "the inputs");
    for (size_t l = 0; status == GRADUS_OK && dropout && l < layer_count; l++) {
        char what[40];
        snprintf(what, sizeof what, "layer %zu", l);
        status = check_probability(context, dropout[l], what);
    }
    if (status == GRADUS_OK && dropout && dropout[layer_count - 1] != 0.0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: the last layer's dropout is %g, expected 0: it is for hidden layers",
                       dropout[layer_count - 1]);
    return status;
}

static GD_NOINLINE void set_rates(gradus_net *net) {
    net->input_drop_rate = gd_drop_rate_of(net->input_dropout);
    net->drops = net->input_drop_rate.threshold > 0;
    for (size_t l = 0; l < net->layer_count; l++) {
        net->layers[l].drop_rate = gd_drop_rate_of(net->layers[l].dropout);
        net->drops = net->drops || net->layers[l].drop_rate.threshold > 0;
    }
}

void gd_set_dropout(gradus_net *net, double input_dropout, const double *dropout) {
    net->input_dropout = input_dropout;
    for (size_t l = 0; l < net->layer_count; l++) net->layers[l].dropout = dropout ? dropout[l] : 0.0;
    const gd_fp_environment environment = gd_fp_enter();
    set_rates(net);
    gd_fp_leave(environment);
}

gradus_status gradus_net_set_dropout(gradus_context *context, gradus_net *net, double input_dropout, const double *dropout) {
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!net) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_set_dropout: net is NULL");
    const gradus_status status = gd_check_dropout(context, input_dropout, dropout, net->layer_count);
    if (status == GRADUS_OK) gd_set_dropout(net, input_dropout, dropout);
    return status;
}

double gradus_net_input_dropout(const gradus_net *net) { return net->input_dropout; }
double gradus_net_dropout(const gradus_net *net, size_t index) { return index < net->layer_count ? net->layers[index].dropout : 0.0; }

static const double most_penalty = 1e6;

gradus_status gd_check_penalties(gradus_context *context, double l1, double l2) {
    if (l1 >= 0.0 && l1 <= most_penalty && l2 >= 0.0 && l2 <= most_penalty) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "net: the penalties are l1 = %g and l2 = %g, expected 0 to 1e6", l1, l2);
}

gradus_status gradus_net_set_penalties(gradus_context *context, gradus_net *net, double l1, double l2) {
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!net) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_set_penalties: net is NULL");
    const gradus_status status = gd_check_penalties(context, l1, l2);
    if (status != GRADUS_OK) return status;
    net->l1 = l1;
    net->l2 = l2;
    return GRADUS_OK;
}

double gradus_net_l1(const gradus_net *net) { return net->l1; }
double gradus_net_l2(const gradus_net *net) { return net->l2; }

/* Over all layers' weights; columns [widest]. */
static double sum_weights(const gradus_context *context, const gradus_net *net, gd_column_sum kind, float *columns) {
    double sum = 0.0;
    for (size_t l = 0; l < net->layer_count; l++) {
        const gd_dense dense = net->layers[l].dense;
        for (size_t panel = 0; panel < gd_dense_panels(dense); panel++) gd_column_sums(context, dense, net->layers[l].weights, kind, panel, columns);
        sum += (double)gd_sum_columns(context, columns, dense.outputs);
    }
    return sum;
}

static GD_NOINLINE double penalty(const gradus_context *context, const gradus_net *net, float *columns) {
    double value = 0.0;
    if (net->l1 > 0.0) value += net->l1 * sum_weights(context, net, GD_SUM_MAGNITUDES, columns);
    if (net->l2 > 0.0) value += 0.5 * net->l2 * sum_weights(context, net, GD_SUM_SQUARES, columns);
    return value;
}

gradus_status gradus_net_penalty(gradus_context *context, const gradus_net *net, double *value) {
    void *columns;
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!net || !value) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_penalty: %s is NULL", net ? "value" : "net");
    const size_t bytes = net->widest * sizeof(float);
    const gradus_status status = gd_context_allocate(context, bytes, "gradus_net_penalty", &columns);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    *value = penalty(context, net, columns);
    gd_fp_leave(environment);
    gd_release(&context->allocator, columns, bytes);
    return GRADUS_OK;
}
