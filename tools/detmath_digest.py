#!/usr/bin/env python3
"""The digest that tests/unit/detmath.c expects, from the formulas of docs/numerics.md in Python's floats, which are fp64 without fma. The constants are
read from src/base/detmath.c. Run by people, when the formulas change."""
import hashlib
import math
import pathlib
import re
import struct

SOURCE = (pathlib.Path(__file__).resolve().parents[1] / "src/base/detmath.c").read_text()


def constants(name):
    return [float.fromhex(number) for number in re.search(name + r"\[\] = \{([^}]*)\}", SOURCE).group(1).split(",")]


LN2, HALF_PI = constants("ln2_parts"), constants("half_pi_parts")
EXP, LOG, SIN, COS = (constants(name + "_coefficients") for name in ("exp", "log", "sin", "cos"))


def polynomial(x, coefficients):
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def two_sum(a, b):
    head = a + b
    of_b = head - a
    return head, (a - (head - of_b)) + (b - of_b)


def exp(x):
    k = float(round(x * float.fromhex("0x1.71547652b82fep+0")))
    head, low = x - k * LN2[0], k * LN2[1]
    r = head - low
    tail = (head - r) - low
    one_r, one_r_tail = two_sum(1.0, r)
    return math.ldexp(one_r + (one_r_tail + (tail + (r * r) * polynomial(r, EXP))), int(k))


def log(x):
    m, k = math.frexp(x)
    m, k = m * 2.0, float(k - 1)
    if m > math.sqrt(2.0):
        m, k = m * 0.5, k + 1.0
    f = m - 1.0
    short = struct.unpack("<d", struct.pack("<Q", struct.unpack("<Q", struct.pack("<d", f))[0] >> 27 << 27))[0]
    s = f / (2.0 + f)
    short_half, rest_half = 0.5 * short * short, 0.5 * (f - short) * (f + short)
    z = s * s
    correction = s * ((short_half + rest_half) + z * polynomial(z, LOG))
    head, tail1 = two_sum(k * LN2[0], f)
    head, tail2 = two_sum(head, -short_half)
    return head + (((tail1 + tail2) + k * LN2[1]) + (correction - rest_half))


def sine(x, quarters):
    n = float(round(x * float.fromhex("0x1.45f306dc9c883p-1")))
    head = x - n * HALF_PI[0]
    head, tail1 = two_sum(head, -(n * HALF_PI[1]))
    head, tail2 = two_sum(head, -(n * HALF_PI[2]))
    r, tail = two_sum(head, (tail1 + tail2) - n * HALF_PI[3])
    quadrant, z = (int(n) + quarters) % 4, r * r
    if quadrant % 2 == 0:
        result = r + (z * r * polynomial(z, SIN) + tail * (1.0 - 0.5 * z))
    else:
        one, one_tail = two_sum(1.0, -0.5 * z)
        result = one + (one_tail + (z * z * polynomial(z, COS) - r * tail))
    return -result if quadrant >= 2 else result


def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        x = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        yield x ^ x >> 31


def add(digest, function, low, high):
    words = splitmix64(7)
    for _ in range(20000):
        digest.update(struct.pack("<d", function(low + (high - low) * ((next(words) >> 11) * 2.0**-53))))


sha256 = hashlib.sha256()
add(sha256, exp, -745.0, 709.0)
add(sha256, log, 0.0, 4.0)
add(sha256, lambda x: sine(x, 0), -1000.0, 1000.0)
add(sha256, lambda x: sine(x, 1), -1000.0, 1000.0)
add(sha256, math.sqrt, 0.0, 4.0)
print(sha256.hexdigest())
