/* Lends an OpenMP team to a context. In a library of its own, libgradus-openmp (pkg-config: gradus-openmp); libgradus itself does not use OpenMP. */
#ifndef GRADUS_OPENMP_H
#define GRADUS_OPENMP_H

#include <gradus/context.h>

GRADUS_BEGIN_DECLS

/* Opens one parallel region of gradus_context_threads(context) threads, calls fn(arg) on the calling thread (a whole training run) and lends the
 * others to every call on context that fn makes; returns what fn returns. Where no team can be had (threads are refused, nested in another region, in
 * a forked child, or the context cannot borrow), it just calls fn(arg): same bits. pin: 1 binds the team to the process's CPUs, one each. */
GRADUS_API int gradus_openmp_run(gradus_context *context, int pin, int (*fn)(void *arg), void *arg);

GRADUS_END_DECLS

#endif
