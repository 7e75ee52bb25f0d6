/* What gradus-digest is made of: a list of named SHA-256 digests, those of single kernels, those of the public functions called by a host whose
 * floating-point modes are odd. Failures end the program. */
#ifndef GD_CHECKKERN_DIGEST_H
#define GD_CHECKKERN_DIGEST_H

#include "base/sha256.h"
#include "kernels/kernels.h"

#include <gradus/gradus.h>

typedef struct gd_digest_line {
    char name[120], hex[65];
} gd_digest_line;

/* Zero it to begin, free(lines) at the end. */
typedef struct gd_digests {
    gd_digest_line *lines;
    size_t count;
} gd_digests;

/* Ends the hash and adds it under a printed name. */
__attribute__((format(printf, 3, 4))) void gd_digests_add(gd_digests *digests, gd_sha256 *hash, const char *format, ...);
void gd_hash_u64(gd_sha256 *hash, uint64_t value);
void gd_hash_double(gd_sha256 *hash, double value); /* any NaN is the same */

/* The host's floating-point modes. They are the calling thread's: enter sets one, leave goes back to plain, the one that programs start in. */
typedef enum gd_host {
    GD_HOST_PLAIN,
    GD_HOST_FTZ, /* subnormal results and inputs become 0 */
    GD_HOST_UPWARD,
    GD_HOST_DOWNWARD,
    GD_HOST_ZERO,
    GD_HOST_COUNT
} gd_host;

const char *gd_host_name(gd_host host);
int gd_host_possible(gd_host host); /* on this machine */
void gd_host_enter(gd_host host);
void gd_host_leave(void);

/* After a public call: it succeeded (or the program ends), and the host's mode is as it was. */
void gd_digest_must(gradus_context *context, gradus_status status);
/* The same for a call that may refuse its arguments: whether it succeeded. */
int gd_digest_may(gradus_context *context, gradus_status status);

/* malloc or the end; rows x columns random numbers with a random gap behind each row (free data). */
void *gd_digest_allocate(size_t size);
struct gd_random;
gradus_tensor gd_digest_matrix(struct gd_random *random, size_t rows, size_t columns);

/* Each kernel over fixed problems, and the functions beside the kernels that results depend on. */
void gd_digest_kernels(const gd_kernels *kernels, gd_digests *digests);

/* A set to train on, read by any number of threads. Destroy it. */
gradus_dataset *gd_digest_images(gradus_context *context);

/* The public functions: products and steps on lists of tensors; nets of every activation and loss, trainings with every optimizer; the built-in
 * digits. brief: fewer shapes of each, and each optimizer with its own state or the caller's. */
void gd_digest_products(gradus_context *context, int brief, gd_digests *digests);
void gd_digest_steps(gradus_context *context, int brief, gd_digests *digests);
void gd_digest_nets(gradus_context *context, int brief, gd_digests *digests);
void gd_digest_trainings(gradus_context *context, const gradus_dataset *images, gd_digests *digests);
void gd_digest_digits(gradus_context *context, gd_digests *digests);

#endif
