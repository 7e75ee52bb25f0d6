#!/usr/bin/env python3
"""Derives the constants of src/base/detmath.c, pi for schedule_rates.c and 2 pi for philox.c, and prints them as C. Run by people, not by the
build. Needs mpmath.

Each polynomial interpolates its function at the Chebyshev points of the interval, which is close to the best polynomial of its degree, and then
has its coefficients rounded to fp64. The error printed is measured after that, on the polynomial evaluated exactly; fp64's half ulp is 2^-53 to 2^-54.
"""
from mpmath import atanh, cos, exp, expm1, fabs, ldexp, linspace, log, lu_solve, matrix, mp, mpf, nint, pi, sin, sqrt

mp.prec = 400


def interpolate(function, low, high, count):
    """The `count` coefficients of the polynomial through the Chebyshev points of [low, high]; an even count misses 0 where low = -high."""
    points = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    return lu_solve(matrix([[x**j for j in range(count)] for x in points]), matrix([function(x) for x in points]))


def polynomial(name, count, function, low, high, error):
    """Prints `count` coefficients; error(x, p): the relative error of the whole function at x where the polynomial is p."""
    coefficients = [float(c) for c in interpolate(function, low, high, count)]
    arguments = [x for x in linspace(low, high, 3001) if x != 0]
    worst = max(fabs(error(x, sum(c * x**j for j, c in enumerate(coefficients)))) for x in arguments)
    show(name, coefficients, f"relative error 2^{float(log(worst, 2)):.1f}")


def parts(name, value, sizes):
    """Prints value as a sum of numbers of so many significant bits."""
    left, words = value, []
    for bits in sizes:
        unit = ldexp(mpf(1), int(mp.floor(log(fabs(left), 2))) + 1 - bits)
        words.append(float(nint(left / unit) * unit))
        left -= words[-1]
    show(name, words, f"{sizes} bits; their sum is off by 2^{float(log(fabs(left), 2)):.0f}")


def show(name, numbers, note):
    print(f"/* {note} */\nstatic const double {name}[] = {{{', '.join(number.hex() for number in numbers)}}};")


half_ln2, s_square, quarter_pi = log(2) / 2 * mpf("1.0001"), (3 - 2 * sqrt(mpf(2)))**2, pi / 4 * mpf("1.0001")
print(f"static const double log2_e = {float(1 / log(2)).hex()}, two_over_pi = {float(2 / pi).hex()}, sqrt_2 = {float(sqrt(mpf(2))).hex()};")
print(f"static const double two_pi = {float(2 * pi).hex()}; /* philox.c */")
print(f"static const double pi = {float(pi).hex()}; /* schedule_rates.c */")
parts("ln2_parts", log(2), (40, 53))
parts("half_pi_parts", pi / 2, (33, 33, 33, 53))
# exp(x) = 1 + x + x^2 p(x)
polynomial("exp_coefficients", 12, lambda x: (expm1(x) - x) / x**2, -half_ln2, half_ln2, lambda x, p: (1 + x + x**2 * p) / exp(x) - 1)
# 2 atanh(s) = 2 s + s^3 p(s^2)
polynomial("log_coefficients", 8, lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z, mpf(0), s_square,
           lambda z, p: (2 + z * p) * sqrt(z) / (2 * atanh(sqrt(z))) - 1)
# sin(x) = x + x^3 p(x^2), cos(x) = 1 - x^2/2 + x^4 p(x^2)
polynomial("sin_coefficients", 7, lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, mpf(0), quarter_pi**2,
           lambda z, p: (1 + z * p) * sqrt(z) / sin(sqrt(z)) - 1)
polynomial("cos_coefficients", 7, lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(0), quarter_pi**2,
           lambda z, p: (1 - z / 2 + z**2 * p) / cos(sqrt(z)) - 1)
