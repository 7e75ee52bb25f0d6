/* Decimal text to numbers through the C library's correctly rounding strtod, in the C locale. */
#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fp.h"

/* strtod_l to nearest, whatever the host's environment: strtod rounds as that says, and on x86 the C library asks the x87 control word. */
static GD_NOINLINE double to_nearest(const char *text, char **end, locale_t locale) {
#if defined(__x86_64__)
    uint16_t saved, nearest = 0x37f;
    __asm__ volatile("fnstcw %0" : "=m"(saved) : : "memory");
    __asm__ volatile("fldcw %0" : : "m"(nearest) : "memory");
#endif
    const double number = strtod_l(text, end, locale);
#if defined(__x86_64__)
    __asm__ volatile("fldcw %0" : : "m"(saved) : "memory");
#endif
    return number;
}

bool gd_parse_double(const char *text, size_t n, double *value) {
    char copy[64], *end = copy;
    const int saved = errno;
    if (n == 0 || n >= sizeof copy || strspn(text, "0123456789.eE+-") < n) return false; /* strtod would take spaces, hex, inf and nan */
    memcpy(copy, text, n);
    copy[n] = 0;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return false;
    const gd_fp_environment environment = gd_fp_enter();
    const double number = to_nearest(copy, &end, c_locale);
    gd_fp_leave(environment);
    freelocale(c_locale);
    errno = saved;
    if (end != copy + n || !isfinite(number)) return false;
    *value = number;
    return true;
}
