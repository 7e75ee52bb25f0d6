/* Decimal text to numbers through the C library's correctly rounding strtod, in the C locale. */
#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool gd_parse_double(const char *text, size_t n, double *value) {
    char copy[64], *end = copy;
    const int saved = errno;
    if (n == 0 || n >= sizeof copy || strspn(text, "0123456789.eE+-") < n) return false; /* strtod would take spaces, hex, inf and nan */
    memcpy(copy, text, n);
    copy[n] = 0;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return false;
    const double number = strtod_l(copy, &end, c_locale);
    freelocale(c_locale);
    errno = saved;
    if (end != copy + n || !isfinite(number)) return false;
    *value = number;
    return true;
}
