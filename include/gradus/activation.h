/* Activations: the functions at the end of a dense layer. */
#ifndef GRADUS_ACTIVATION_H
#define GRADUS_ACTIVATION_H

#include <stdint.h>

#include <gradus/export.h>

GRADUS_BEGIN_DECLS

/* THE list of activations: number, NAME, name. Append-only. softmax is for the last layer, with the cross-entropy loss. */
#define GRADUS_ACTIVATION_MAP(XX) \
    XX(1, IDENTITY, identity) \
    XX(2, RELU, relu) \
    XX(3, TANH, tanh) \
    XX(4, SIGMOID, sigmoid) \
    XX(5, SOFTMAX, softmax)

typedef int32_t gradus_activation;
#define GRADUS_ACTIVATION_ENUM(number, NAME, name) GRADUS_ACTIVATION_##NAME = (number),
enum { GRADUS_ACTIVATION_MAP(GRADUS_ACTIVATION_ENUM) GRADUS_ACTIVATION_UNSET = 0 };
#undef GRADUS_ACTIVATION_ENUM

/* Name to number (0: no such name) and back (NULL: no such number). Thread-safe. */
GRADUS_API gradus_activation gradus_activation_from_name(const char *name);
GRADUS_API const char *gradus_activation_name(gradus_activation activation);

GRADUS_END_DECLS

#endif
