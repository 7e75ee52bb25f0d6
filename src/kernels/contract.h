/* The constants of the arithmetic contract (docs/numerics.md). Changing one changes bits: a new contract number. */
#ifndef GD_KERNELS_CONTRACT_H
#define GD_KERNELS_CONTRACT_H

enum {
    GD_K_BLOCK = 256,    /* a product's chain over k is cut here; the pieces are added in order */
    GD_LEAF = 64,        /* samples in a leaf of every sum over a batch */
    GD_SUM_BLOCK = 4096, /* elements in a leaf of a sum over an array */
    GD_SUM_LANES = 64,
    GD_ROW_LANES = 16 /* lanes of a row reduction */
};

/* Decaying optimizer state with a magnitude under this becomes +0. */
#define GD_STATE_FLOOR 0x1p-100f

/* leaky_relu of negative numbers is this times them. selu: lambda, and lambda*alpha. 1/sqrt(2 pi), the height of the normal density. */
#define GD_LEAKY_SLOPE 0.01f
#define GD_SELU_LAMBDA 0x1.0cfabep+0f
#define GD_SELU_LAMBDA_ALPHA 0x1.c212ccp+0f
#define GD_NORMAL_HEIGHT 0x1.988454p-2f

/* uint8 input u is (float)u * this: u/255 rounded the same everywhere. */
#define GD_U8_SCALE 0x1.010102p-8f

#endif
