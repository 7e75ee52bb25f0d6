/* Losses: what training makes small. */
#ifndef GRADUS_LOSS_H
#define GRADUS_LOSS_H

#include <stdint.h>

#include <gradus/export.h>

GRADUS_BEGIN_DECLS

/* THE list of losses: number, NAME, name on the command line. Append-only. */
#define GRADUS_LOSS_MAP(XX) \
    XX(1, CROSS_ENTROPY, "cross-entropy") \
    XX(3, MSE, "mse")

typedef int32_t gradus_loss;
#define GRADUS_LOSS_ENUM(number, NAME, name) GRADUS_LOSS_##NAME = (number),
enum { GRADUS_LOSS_MAP(GRADUS_LOSS_ENUM) GRADUS_LOSS_UNSET = 0 };
#undef GRADUS_LOSS_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Thread-safe. */
GRADUS_API gradus_loss gradus_loss_from_name(const char *name);
GRADUS_API const char *gradus_loss_name(gradus_loss loss);

GRADUS_END_DECLS

#endif
