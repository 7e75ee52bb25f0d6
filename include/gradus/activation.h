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
 *   elu         x > 0 ? x : exp(x) - 1
 *   selu        lambda*(x > 0 ? x : alpha*(exp(x) - 1)), lambda = 1.0507..., alpha = 1.6732... (Klambauer et al. 2017)
 *   softplus    log(1 + exp(x))
 *   silu        x*sigmoid(x)
 *   gelu        x*Phi(x), Phi the standard normal distribution function (Hendrycks and Gimpel 2016, the exact form)
 * docs/numerics.md, sections 6 and 7, has the operations, the derivatives, and what infinities and signs of zero become; NaN stays NaN. */
#define GRADUS_ACTIVATION_MAP(XX) \
    XX(1, IDENTITY, identity) \
    XX(2, RELU, relu) \
    XX(3, TANH, tanh) \
    XX(4, SIGMOID, sigmoid) \
    XX(5, SOFTMAX, softmax) \
    XX(6, LEAKY_RELU, leaky_relu) \
    XX(7, ELU, elu) \
    XX(8, SELU, selu) \
    XX(9, SOFTPLUS, softplus) \
    XX(10, SILU, silu) \
    XX(11, GELU, gelu)

typedef int32_t gradus_activation;
#define GRADUS_ACTIVATION_ENUM(number, NAME, name) GRADUS_ACTIVATION_##NAME = (number),
enum { GRADUS_ACTIVATION_MAP(GRADUS_ACTIVATION_ENUM) GRADUS_ACTIVATION_UNSET = 0 };
#undef GRADUS_ACTIVATION_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Thread-safe. */
GRADUS_API gradus_activation gradus_activation_from_name(const char *name);
GRADUS_API const char *gradus_activation_name(gradus_activation activation);

GRADUS_END_DECLS

#endif
