/* The scaling of a net's inputs. */
#include <math.h>
#include <string.h>

#include "nn/net.h"

static gradus_status check(gradus_context *context, size_t inputs, const double *numbers, const char *what) {
    for (size_t i = 0; i < inputs; i++)
        if (!isfinite(numbers[i]))
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_set_scaling: %s %zu is %g, expected a finite number", what, i, numbers[i]);
    return GRADUS_OK;
}

gradus_status gradus_net_set_scaling(gradus_context *context, gradus_net *net, const double *mean, const double *inverse) {
    void *memory = NULL;
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!net) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_set_scaling: net is NULL");
    if (!mean != !inverse) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_set_scaling: only one of mean and inverse is NULL");
    const size_t half = net->inputs * sizeof(double); /* fits twice: the net has weights for as many inputs, and memory for them */
    if (mean) {
        gradus_status status = check(context, net->inputs, mean, "mean");
        if (status == GRADUS_OK) status = check(context, net->inputs, inverse, "inverse");
        if (status != GRADUS_OK) return status;
        memory = gd_allocate(&net->allocator, 2 * half);
        if (!memory) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "gradus_net_set_scaling: out of memory, %zu bytes", 2 * half);
        memcpy(memory, mean, half);
        memcpy((char *)memory + half, inverse, half);
    }
    gd_release(&net->allocator, net->scaling, 2 * half);
    net->scaling = memory;
    return GRADUS_OK;
}

const double *gradus_net_scaling_mean(const gradus_net *net) { return net->scaling; }
const double *gradus_net_scaling_inverse(const gradus_net *net) { return net->scaling ? net->scaling + net->inputs : NULL; }
