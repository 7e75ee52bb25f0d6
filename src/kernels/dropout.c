/* Dropout on a piece of a layer's outputs, and on the gradient by them. Draws are integers and the one multiplication is rounded alike everywhere, so
 * that plain C does, and compilers may make vectors of it. docs/numerics.md, section 9. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/step.h"

enum { BLOCKS = 32, WORDS = 4 }; /* blocks of random words at a time */

gd_drop_rate gd_drop_rate_of(double probability) {
    return (gd_drop_rate){(uint32_t)(probability * 0x1p32), (float)(1.0 / (1.0 - probability))}; /* under 2^32: the probability is under 1 */
}

/* x or, with an empty mask, +0: no branch, which random draws would make a slow one. */
static inline float masked(float x, uint32_t mask) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= mask;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Of a row's piece. */
static void mark_row(gd_drop_rate rate, const uint32_t *words, uint8_t *kept, size_t columns) {
    for (size_t j = 0; j < columns; j++) kept[j] = words[j] >= rate.threshold;
}

static void drop_row(gd_drop_rate rate, const uint32_t *words, float *y, size_t columns) {
    const uint32_t threshold = rate.threshold;
    const float scale = rate.scale;
    for (size_t j = 0; j < columns; j++) y[j] = masked(y[j] * scale, 0u - (words[j] >= threshold));
}

void gd_drop(const gd_dropout *d, size_t outputs, const gd_piece *p, float *y, size_t y_stride) {
    uint32_t words[BLOCKS][WORDS];
    const size_t row_blocks = gd_blocks(outputs, WORDS), blocks = gd_blocks(p->columns, WORDS);
    const size_t together = p->columns == outputs ? BLOCKS / blocks : 1; /* whole rows' words follow each other */
    for (size_t row = 0; row < p->samples; row += together) {
        const size_t sample = p->sample + row, rows = gd_least(p->samples - row, together);
        gd_random_blocks(d->stream, (d->first + sample) * row_blocks + p->column / WORDS, rows * blocks, words);
        for (size_t i = 0; i < rows; i++) {
            if (d->kept) mark_row(d->rate, words[i * blocks], d->kept + (sample + i) * d->stride + p->column, p->columns);
            drop_row(d->rate, words[i * blocks], y + (sample + i) * y_stride + p->column, p->columns);
        }
    }
}

void gd_drop_gradient(const gd_dropout *d, size_t sample, size_t column, size_t columns, float *gradient) {
    const uint8_t *kept = d->kept + sample * d->stride + column;
    for (size_t j = 0; j < columns; j++) gradient[j] = masked(gradient[j], 0u - kept[j]);
}
