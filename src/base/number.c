/* Decimal text to numbers through the C library's correctly rounding strtod, in the C locale. */
#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fp.h"

enum { LONGEST_DOUBLE = 63, LONGEST_FLOAT = 1023 };

/* What strtod_l, or strtof_l, gives: an fp64 number, for every fp32 number is one. */
static double convert(const char *text, char **end, locale_t locale, bool single) {
    return single ? (double)strtof_l(text, end, locale) : strtod_l(text, end, locale);
}

/* Converts to nearest, whatever the host's environment: strtod rounds as that says, and on x86 the C library asks the x87 control word. */
static GD_NOINLINE double to_nearest(const char *text, char **end, locale_t locale, bool single) {
#if defined(__x86_64__)
    uint16_t saved, nearest = 0x37f;
    __asm__ volatile("fnstcw %0" : "=m"(saved) : : "memory");
    __asm__ volatile("fldcw %0" : : "m"(nearest) : "memory");
#endif
    const double number = convert(text, end, locale, single);
#if defined(__x86_64__)
    __asm__ volatile("fldcw %0" : : "m"(saved) : "memory");
#endif
    return number;
}

static bool parse(const char *text, size_t n, bool single, double *value) {
    char copy[LONGEST_FLOAT + 1], *end = copy;
    const int saved = errno;
    if (n == 0 || n > (single ? LONGEST_FLOAT : LONGEST_DOUBLE)) return false;
    memcpy(copy, text, n);
    copy[n] = 0;
    if (strspn(copy, "0123456789.eE+-") < n) return false; /* strtod would take spaces, hex, inf and nan */
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return false;
    const gd_fp_environment environment = gd_fp_enter();
    *value = to_nearest(copy, &end, c_locale, single);
    gd_fp_leave(environment);
    freelocale(c_locale);
    errno = saved;
    return end == copy + n;
}

bool gd_parse_double(const char *text, size_t n, double *value) {
    double number;
    if (!parse(text, n, false, &number) || !isfinite(number)) return false;
    *value = number;
    return true;
}

/* A decimal number of few digits: digits * 10^exponent, both exact in fp64, so that one operation rounds it. */
typedef struct short_decimal {
    uint64_t digits;
    int exponent;
    bool negative;
} short_decimal;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with at most one point among them; false: too many to be exact, or none. */
static bool read_digits(const char *text, size_t n, size_t *at, short_decimal *decimal) {
    const size_t most = 15;
    size_t digits = 0;
    bool point = false;
    for (; *at < n && (is_digit(text[*at]) || (text[*at] == '.' && !point)); ++*at) {
        if (text[*at] == '.') {
            point = true;
            continue;
        }
        decimal->digits = decimal->digits * 10 + (uint64_t)(text[*at] - '0');
        decimal->exponent -= point;
        digits++;
        if (digits > most) return false;
    }
    return digits > 0;
}

static bool read_exponent(const char *text, size_t n, size_t *at, short_decimal *decimal) {
    if (*at == n) return true;
    if (text[*at] != 'e' && text[*at] != 'E') return false;
    ++*at;
    const bool negative = *at < n && text[*at] == '-';
    if (*at < n && (text[*at] == '-' || text[*at] == '+')) ++*at;
    const size_t left = n - *at;
    if (left == 0 || left > 2) return false;
    int exponent = 0;
    for (; *at < n; ++*at) {
        if (!is_digit(text[*at])) return false;
        exponent = exponent * 10 + (text[*at] - '0');
    }
    decimal->exponent += negative ? -exponent : exponent;
    return true;
}

/* Most numbers of most files; false: the long way knows. A number that fp64 rounds to the middle between two fp32 numbers may be on either side. */
static bool parse_short(const char *text, size_t n, float *value) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    short_decimal decimal = {0, 0, n > 0 && text[0] == '-'};
    size_t at = n > 0 && (text[0] == '-' || text[0] == '+');
    if (!read_digits(text, n, &at, &decimal) || !read_exponent(text, n, &at, &decimal)) return false;
    if (decimal.exponent < -22 || decimal.exponent > 22) return false;
    const double digits = (double)decimal.digits;
    const double number = decimal.exponent < 0 ? digits / powers[-decimal.exponent] : digits * powers[decimal.exponent];
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    if ((bits & 0x1fffffff) == 0x10000000) return false;
    *value = (float)(decimal.negative ? -number : number);
    return true;
}

bool gd_parse_float(const char *text, size_t n, float *value) {
    double number;
    if (parse_short(text, n, value)) return true;
    if (!parse(text, n, true, &number)) return false;
    *value = (float)number;
    return true;
}
