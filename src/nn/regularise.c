/* What training does to a net besides the loss: dropout. */
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
