/* Losses: what training makes small. */
#ifndef GRADUS_LOSS_H
#define GRADUS_LOSS_H

#include <stdint.h>

#include <gradus/export.h>

GRADUS_BEGIN_DECLS

/* THE list of losses: number, NAME, name on the command line. Append-only. With y the net's outputs, t the targets, e = y - t:
 *   cross-entropy         mean over samples of the sum over outputs of -t*log(y); the last layer is softmax
 *   binary-cross-entropy  mean over samples and outputs of -t*log(y) - (1 - t)*log(1 - y); the last layer is sigmoid
 *   mse                   mean over samples and outputs of e^2
 *   half-mse              1/(2 samples) of the sum over samples and outputs of e^2
 *   mae                   mean over samples and outputs of |e|; its derivative at e = 0 is 0
 *   huber                 mean over samples and outputs of e^2/2 where |e| <= 1, else |e| - 1/2 (Huber 1964, delta = 1)
 * The first two are computed from the last layer's values before its activation (logits), and are finite for finite logits, however large.
 * docs/numerics.md, sections 5 and 7, has the operations. */
#define GRADUS_LOSS_MAP(XX) \
    XX(1, CROSS_ENTROPY, "cross-entropy") \
    XX(2, BINARY_CROSS_ENTROPY, "binary-cross-entropy") \
    XX(3, MSE, "mse") \
    XX(4, HALF_MSE, "half-mse") \
    XX(5, MAE, "mae") \
    XX(6, HUBER, "huber")

typedef int32_t gradus_loss;
#define GRADUS_LOSS_ENUM(number, NAME, name) GRADUS_LOSS_##NAME = (number),
enum { GRADUS_LOSS_MAP(GRADUS_LOSS_ENUM) GRADUS_LOSS_UNSET = 0 };
#undef GRADUS_LOSS_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Thread-safe. */
GRADUS_API gradus_loss gradus_loss_from_name(const char *name);
GRADUS_API const char *gradus_loss_name(gradus_loss loss);

GRADUS_END_DECLS

#endif
