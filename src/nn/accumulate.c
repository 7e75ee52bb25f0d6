/* Global batches over several steps: what is kept between them, and in which order they come. */
#include "nn/net.h"

bool gd_optimizer_lends(const gradus_optimizer *optimizer, const gd_samples *samples) {
    return samples->count < samples->total || optimizer->clip_norm > 0.0;
}

/* The next part, or the first one of a new batch. */
static gradus_status check_order(gradus_context *context, const gd_accumulation *a, const gd_samples *samples) {
    if (samples->first == 0) return GRADUS_OK;
    if (a->next != samples->first || a->total != samples->total)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT,
                       "gradus_net_step: a part from %zu on of %zu samples, but the next one is from %zu on of %zu; first = 0 begins a new batch",
                       samples->first, samples->total, a->next, a->next ? a->total : samples->total);
    if (a->seed != samples->seed || a->step != samples->step)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_step: the parts of a batch must have the same seed and step");
    return GRADUS_OK;
}

/* Room for so many nodes of the tree; what is in them is lost if there was less. */
static gradus_status make_room(gradus_context *context, const gradus_net *net, gradus_optimizer *optimizer, size_t nodes) {
    gd_accumulation *a = &optimizer->accumulation;
    size_t bytes;
    (void)gd_size_multiply(nodes, net->memory_size, &bytes); /* SIZE_MAX where it does not fit */
    if (bytes <= a->capacity) return GRADUS_OK;
    float *memory = gd_allocate(&optimizer->allocator, bytes);
    if (!memory) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "gradus_net_step: out of memory, %zu bytes for accumulated gradients", bytes);
    gd_release(&optimizer->allocator, a->nodes, a->capacity);
    a->nodes = memory;
    a->capacity = bytes;
    return GRADUS_OK;
}

gradus_status gd_accumulation_take(gradus_context *context, const gradus_net *net, gradus_optimizer *optimizer, const gd_samples *samples) {
    gd_accumulation *a = &optimizer->accumulation;
    gradus_status status = check_order(context, a, samples);
    if (status == GRADUS_OK && gd_optimizer_lends(optimizer, samples)) {
        const size_t depth = gd_tree_depth(gd_blocks(samples->total, GD_LEAF));
        status = make_room(context, net, optimizer, depth > 1 ? depth - 1 : 1);
    }
    if (status != GRADUS_OK) return status;
    a->total = samples->total;
    a->seed = samples->seed;
    a->step = samples->step;
    return GRADUS_OK;
}

void gd_accumulation_leave(gradus_optimizer *optimizer, const gd_samples *samples, gradus_status status) {
    const size_t end = samples->first + samples->count;
    optimizer->accumulation.next = status == GRADUS_OK && end < samples->total ? end : 0;
}
