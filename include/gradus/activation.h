/* Activations: the functions at the end of a dense layer. */
#ifndef GRADUS_ACTIVATION_H
#define GRADUS_ACTIVATION_H

#include <stdint.h>

#include <gradus/export.h>

GRADUS_BEGIN_DECLS

/* THE list of activations: number, NAME, name. Append-only.
 *   identity    x
 *   relu        x > 0 ? x : 0
 *   tanh        tanh(x)
 *   sigmoid     1/(1 + exp(-x))
 *   softmax     exp(x_j)/(the sum of exp(x_k) over the layer's outputs); last layer only
 *   leaky_relu  x > 0 ? x : 0.01*x
 * docs/numerics.md, sections 6 and 7, has the operations, the derivatives, and what infinities and signs of zero become; NaN stays NaN. */
#define GRADUS_ACTIVATION_MAP(XX) \
    XX(1, IDENTITY, identity) \
    XX(2, RELU, relu) \
    XX(3, TANH, tanh) \
    XX(4, SIGMOID, sigmoid) \
    XX(5, SOFTMAX, softmax) \
    XX(6, LEAKY_RELU, leaky_relu)

typedef int32_t gradus_activation;
#define GRADUS_ACTIVATION_ENUM(number, NAME, name) GRADUS_ACTIVATION_##NAME = (number),
enum { GRADUS_ACTIVATION_MAP(GRADUS_ACTIVATION_ENUM) GRADUS_ACTIVATION_UNSET = 0 };
#undef GRADUS_ACTIVATION_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Thread-safe. */
GRADUS_API gradus_activation gradus_activation_from_name(const char *name);
GRADUS_API const char *gradus_activation_name(gradus_activation activation);

GRADUS_END_DECLS

#endif
