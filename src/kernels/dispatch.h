/* The choice of a kernel table. */
#ifndef GD_KERNELS_DISPATCH_H
#define GD_KERNELS_DISPATCH_H

#include "base/context.h"
#include "kernels/kernels.h"

/* The index-th table of this build, slowest first; NULL past the last one. */
const gd_kernels *gd_kernels_at(size_t index);

/* Whether this CPU can run it. */
int gd_kernels_runnable(const gd_kernels *kernels);

/* Sets the context's table: the named one, or the fastest that runs if name is NULL; and whether updates prefetch. `where` says who named it, for the
 * message. An unknown name is GRADUS_INVALID_ARGUMENT, one that cannot run here GRADUS_UNSUPPORTED; then the context is unchanged. */
gradus_status gd_kernels_choose(gradus_context *context, const char *name, const char *where);

/* The same on a machine with these GD_CPU_* features, whatever this one has. */
gradus_status gd_kernels_choose_for(gradus_context *context, uint32_t features, const char *name, const char *where);

#endif
