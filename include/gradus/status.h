/* Status codes: what every fallible function returns. */
#ifndef GRADUS_STATUS_H
#define GRADUS_STATUS_H

#include <stdint.h>

#include <gradus/export.h>

GRADUS_BEGIN_DECLS

/* THE list of status codes: number, name, text. Numbers are append-only. Everything about a particular failure (which file, which
 * argument, what was expected) is in the context's message, gradus_context_message(). */
#define GRADUS_STATUS_MAP(XX) \
    XX(0, OK, "success") \
    XX(-1, INVALID_ARGUMENT, "invalid argument") \
    XX(-2, OUT_OF_MEMORY, "out of memory") \
    XX(-3, UNSUPPORTED, "not supported by this version, build or CPU") \
    XX(-4, IO, "input or output failed") \
    XX(-5, BAD_DATA, "malformed data") \
    XX(-6, NOT_FINITE, "a loss or gradient is not finite") \
    XX(-7, INTERRUPTED, "interrupted on request")

typedef int32_t gradus_status;

#define GRADUS_STATUS_ENUM(number, name, text) GRADUS_##name = (number),
enum { GRADUS_STATUS_MAP(GRADUS_STATUS_ENUM) };
#undef GRADUS_STATUS_ENUM

/* The code's name ("GRADUS_OUT_OF_MEMORY") and its text ("out of memory"); for a number that is no status, "GRADUS_UNKNOWN" and "unknown status".
 * Static strings. Thread-safe. */
GRADUS_API const char *gradus_status_name(gradus_status status);
GRADUS_API const char *gradus_status_text(gradus_status status);

/* The library's own version and arithmetic, as it was built; compare with GRADUS_VERSION and GRADUS_NUMERICS_VERSION of the headers. */
GRADUS_API const char *gradus_version(void);
GRADUS_API const char *gradus_numerics_version(void);

GRADUS_END_DECLS

#endif
