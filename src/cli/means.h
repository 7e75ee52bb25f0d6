/* What a command computes with: a context as --isa, --threads and --pin ask for it, threads as --threads-from says. */
#ifndef GD_CLI_MEANS_H
#define GD_CLI_MEANS_H

#include <gradus/context.h>

#include "cli/arguments.h"

typedef struct gd_means {
    gradus_context *context;
    int pin;
} gd_means;

/* Makes the context. Returns GD_EXIT_DONE or, the error said, the code to exit with: a wrong name or variable is wrong usage. */
int gd_means_create(const gd_arguments *arguments, gd_means *means);
void gd_means_destroy(gd_means *means);

/* fn(argument) with the threads that --threads-from names lent to the context meanwhile; returns what fn returns. */
int gd_means_run(const gd_means *means, const gd_arguments *arguments, int (*fn)(void *argument), void *argument);

/* The last library call's failure as an error message: what failed and the exit code by its status. */
int gd_means_failed(const gd_means *means, const gd_arguments *arguments, gradus_status status);

/* What the chosen kernels ask of a CPU. */
const char *gd_means_isa_needs(const gd_means *means);

#endif
