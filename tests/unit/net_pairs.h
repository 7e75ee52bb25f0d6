/* Nets with their optimizers, made alike and compared. */
#ifndef TESTS_NET_PAIRS_H
#define TESTS_NET_PAIRS_H

#include "kernels/optimizer.h"
#include "nets.h"
#include "nn/net.h"

/* A net with its optimizer. */
typedef struct pair {
    gradus_net *net;
    gradus_optimizer *optimizer;
} pair;

static inline pair make_pair(gradus_context *context, const net_shape *shape, const char *optimizer) {
    gradus_net *net = make_net(context, shape, 7);
    return (pair){net, make_optimizer(context, net, optimizer)};
}

static inline void free_pair(gradus_context *context, pair p) {
    gradus_optimizer_destroy(context, p.optimizer);
    gradus_net_destroy(context, p.net);
}

/* Weights, states and step counts, padding included. */
static inline bool pairs_equal(pair a, pair b) {
    const size_t steps = a.optimizer->count * sizeof *a.optimizer->steps;
    return memcmp(a.net->memory, b.net->memory, a.net->memory_size) == 0 && memcmp(a.optimizer->steps, b.optimizer->steps, steps) == 0 &&
           (a.optimizer->states_size == 0 || memcmp(a.optimizer->states, b.optimizer->states, a.optimizer->states_size) == 0);
}

#endif
