/* Initial weights: distributions by name. */
#ifndef GRADUS_INITIALIZER_H
#define GRADUS_INITIALIZER_H

#include <gradus/context.h>

GRADUS_BEGIN_DECLS

/* THE list of initializers: number, NAME, name on the command line. Append-only. `in` and `out` are a layer's inputs and outputs, U(a, b) is uniform
 * from a to b, N(m, s) normal with mean m and standard deviation s; normal ones are not truncated, as torch.nn.init's (Keras cuts them off at two
 * standard deviations). Biases start at 0, but for torch.
 *   glorot-uniform   U(-l, l), l = sqrt(6/(in + out))    Glorot and Bengio 2010
 *   glorot-normal    N(0, sqrt(2/(in + out)))
 *   he-uniform       U(-l, l), l = sqrt(6/in)            He et al. 2015
 *   he-normal        N(0, sqrt(2/in))
 *   lecun-uniform    U(-l, l), l = sqrt(3/in)            LeCun et al. 1998
 *   lecun-normal     N(0, sqrt(1/in))
 *   uniform          U(low, high), by default U(-0.05, 0.05)
 *   normal           N(mean, stddev), by default N(0, 0.05)
 *   zeros            0
 *   torch            U(-l, l), l = 1/sqrt(in), the bias, too: torch.nn.Linear's default
 *   keras            glorot-uniform: keras.layers.Dense's default
 * docs/numerics.md, section 9, has the operations. */
#define GRADUS_INITIALIZER_MAP(XX) \
    XX(1, GLOROT_UNIFORM, "glorot-uniform") \
    XX(2, GLOROT_NORMAL, "glorot-normal") \
    XX(3, HE_UNIFORM, "he-uniform") \
    XX(4, HE_NORMAL, "he-normal") \
    XX(5, LECUN_UNIFORM, "lecun-uniform") \
    XX(6, LECUN_NORMAL, "lecun-normal") \
    XX(7, UNIFORM, "uniform") \
    XX(8, NORMAL, "normal") \
    XX(9, ZEROS, "zeros") \
    XX(10, TORCH, "torch") \
    XX(11, KERAS, "keras")

typedef int32_t gradus_initializer_kind;
#define GRADUS_INITIALIZER_ENUM(number, NAME, name) GRADUS_INITIALIZER_##NAME = (number),
enum { GRADUS_INITIALIZER_MAP(GRADUS_INITIALIZER_ENUM) GRADUS_INITIALIZER_UNSET = 0 };
#undef GRADUS_INITIALIZER_ENUM

typedef struct gradus_initializer {
    size_t struct_size;
    gradus_initializer_kind kind;
    int32_t reserved;    /* 0 */
    double low, high;    /* of uniform: low <= high, both finite */
    double mean, stddev; /* of normal: finite, stddev >= 0 */
} gradus_initializer;

/* glorot-uniform; low -0.05, high 0.05, mean 0, stddev 0.05. */
GRADUS_API void gradus_initializer_init_sized(gradus_initializer *initializer, size_t struct_size);
static inline void gradus_initializer_init(gradus_initializer *initializer) { gradus_initializer_init_sized(initializer, sizeof *initializer); }

/* Name to number (0: no such name) and back (NULL: no such number). Thread-safe. */
GRADUS_API gradus_initializer_kind gradus_initializer_from_name(const char *name);
GRADUS_API const char *gradus_initializer_name(gradus_initializer_kind kind);

/* Reads NAME[:key=value,...] ("he-normal", "uniform:low=-1,high=1", "normal:stddev=0.01"): the name's defaults with these changes. Numbers are decimal,
 * whatever the locale. *initializer must have been initialised. Errors: INVALID_ARGUMENT; the message lists what is allowed. *initializer is unchanged
 * then. */
GRADUS_API gradus_status gradus_initializer_parse(gradus_context *context, const char *text, gradus_initializer *initializer);

GRADUS_END_DECLS

#endif
