/* Initial weights and biases. docs/numerics.md, section 9. */
#include "base/detmath.h"
#include "base/fp.h"
#include "base/philox.h"
#include "nn/net.h"

/* A distribution: of U(-b, b) and U(a, a + b) or N(a, b). */
typedef enum form { NOTHING, SYMMETRIC, UNIFORM, NORMAL } form;

typedef struct distribution {
    form form;
    double a, b;
} distribution;

static distribution distribution_of(const gradus_initializer *i, gd_dense dense) {
    const double in = (double)dense.inputs, out = (double)dense.outputs;
    switch (i->kind) {
    case GRADUS_INITIALIZER_GLOROT_UNIFORM:
    case GRADUS_INITIALIZER_KERAS:
        return (distribution){SYMMETRIC, 0.0, gd_sqrt(6.0 / (in + out))};
    case GRADUS_INITIALIZER_GLOROT_NORMAL:
        return (distribution){NORMAL, 0.0, gd_sqrt(2.0 / (in + out))};
    case GRADUS_INITIALIZER_HE_UNIFORM:
        return (distribution){SYMMETRIC, 0.0, gd_sqrt(6.0 / in)};
    case GRADUS_INITIALIZER_HE_NORMAL:
        return (distribution){NORMAL, 0.0, gd_sqrt(2.0 / in)};
    case GRADUS_INITIALIZER_LECUN_UNIFORM:
        return (distribution){SYMMETRIC, 0.0, gd_sqrt(3.0 / in)};
    case GRADUS_INITIALIZER_LECUN_NORMAL:
        return (distribution){NORMAL, 0.0, gd_sqrt(1.0 / in)};
    case GRADUS_INITIALIZER_TORCH:
        return (distribution){SYMMETRIC, 0.0, gd_sqrt(1.0 / in)};
    case GRADUS_INITIALIZER_UNIFORM:
        return (distribution){UNIFORM, i->low, i->high - i->low};
    case GRADUS_INITIALIZER_NORMAL:
        return (distribution){NORMAL, i->mean, i->stddev};
    default:
        return (distribution){NOTHING, 0.0, 0.0};
    }
}

static float draw(distribution d, gd_stream stream, uint64_t block, const uint32_t words[4], size_t word) {
    if (d.form == NORMAL) return (float)(d.a + d.b * gd_normal(stream, block * 4 + word));
    const double u = (double)gd_uniform(words[word]);
    return d.form == SYMMETRIC ? (float)((2.0 * u - 1.0) * d.b) : (float)(d.a + d.b * u);
}

/* Element (row, column) of a parameter with so many columns; words are kept from one element of a block to the next. */
static float element(distribution d, gd_stream stream, size_t row, size_t column, size_t columns, uint32_t words[4]) {
    const uint64_t block = (uint64_t)row * gd_blocks(columns, 4) + column / 4;
    if (column % 4 == 0) gd_random_block(stream, block, words);
    return draw(d, stream, block, words, column % 4);
}

/* A parameter's stream; position is its place in the list of parameters. */
static gd_stream stream_of(uint64_t seed, size_t position) { return gd_stream_make(seed, 0, (uint32_t)position, GD_PURPOSE_INIT); }

GD_NOINLINE void gd_initialise(gradus_net *net, const gradus_initializer *initializer, uint64_t seed) {
    for (size_t l = 0; l < net->layer_count; l++) {
        const gd_layer *layer = &net->layers[l];
        const gd_dense dense = layer->dense;
        const distribution d = distribution_of(initializer, dense);
        uint32_t words[4];
        for (size_t i = 0; d.form != NOTHING && i < dense.inputs; i++)
            for (size_t j = 0; j < dense.outputs; j++)
                layer->weights[gd_dense_at(dense, i, j)] = element(d, stream_of(seed, 2 * l), i, j, dense.outputs, words);
        for (size_t j = 0; initializer->kind == GRADUS_INITIALIZER_TORCH && j < dense.outputs; j++)
            layer->bias[j] = element(d, stream_of(seed, 2 * l + 1), 0, j, dense.outputs, words);
    }
}
