/* What gradus-digest hashes besides single kernels: products and short training runs, by the public functions. Failures end the program. */
#ifndef GD_CHECKKERN_DIGEST_NETS_H
#define GD_CHECKKERN_DIGEST_NETS_H

#include "base/sha256.h"

#include <gradus/gradus.h>

/* A context with these kernels and two threads. Destroy it. */
gradus_context *gd_digest_context(const char *isa);

/* The built-in digits to train on. Destroy them. */
gradus_dataset *gd_digest_digits(gradus_context *context);

/* Matrices of many shapes multiplied. */
void gd_digest_products(gradus_context *context, gradus_product product, gd_sha256 *hash);

/* A small net and how it is trained. */
typedef struct gd_digest_run {
    const char *optimizer;
    gradus_activation hidden, last;
    gradus_loss loss;
    double label_smoothing;
} gd_digest_run;

/* The digest of the net's weights after some steps on the digits. */
void gd_digest_training(gradus_context *context, const gradus_dataset *digits, const gd_digest_run *run, char digest[65]);

#endif
