#!/usr/bin/env python3
"""What gradus-bench measured, for people and for gates. docs/benchmarking.md has examples.

usage: bench/report.py table RUN.json [--filter REGEX]
       bench/report.py pictures RUN.json --out FOLDER
       bench/report.py compare BEFORE.json AFTER.json [--filter REGEX] [--gate PERCENT]
       bench/report.py ab BEFORE AFTER --filter REGEX [--rounds N] [--min-time SECONDS] [--gate PERCENT]

table     a run (gradus-bench --benchmark_out=RUN.json) as a table: time, throughput and the share of the measured limit
pictures  optimizers.svg: each rule's throughput beside its limit, by size; products.svg: a roofline of the products (needs matplotlib)
compare   two runs, possibly of different days: by their shares of the limit, since the limit was measured beside each case
ab        two gradus-bench programs, run in turn N times (default 9) on the same cases: by their times, each round a pair
compare and ab say for each case whether AFTER is faster, slower or neither, beyond the noise: in ab the noise is the interval that holds the median of
the pairs' ratios with 95 % confidence (order statistics, no distribution assumed), in compare it is three median distances of both.
--gate    exit 1 if a case is surely slower by more than so many percent
exit: 0 done, 1 the gate does not hold or a program failed, 2 wrong usage or input"""
import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


class Case:
    """A line of a run: seconds, counters."""

    def __init__(self, entry):
        self.name = re.sub(r"/manual_time$", "", entry["run_name"])
        self.seconds = entry["real_time"] * UNITS[entry["time_unit"]]
        self.of_limit, self.mad = entry.get("of_limit"), entry.get("of_limit_mad", 0.0)
        self.bytes, self.items, self.flops = entry.get("bytes_per_second"), entry.get("items_per_second"), entry.get("flops")

    def field(self, key):
        """The value behind `key:` in the name, a number if it is one."""
        found = re.search(r"/%s:([^/]+)" % key, self.name)
        return None if not found else float(found.group(1)) if found.group(1).isdigit() else found.group(1)


def fail(text):
    sys.exit("bench/report.py: " + text)


def read(path, pattern=""):
    """(context, cases in their order); of repetitions, the median."""
    try:
        with open(path) as file:
            run = json.load(file)
        entries = [e for e in run["benchmarks"] if e.get("run_type", "iteration") == "iteration" and not e.get("error_occurred")]
        cases = {}
        for entry in entries:
            case = Case(entry)
            if re.search(pattern, case.name):
                cases.setdefault(case.name, []).append(case)
    except (OSError, ValueError, KeyError) as problem:
        print("bench/report.py: %s is no run of gradus-bench (%s); make one with gradus-bench --benchmark_out=%s" % (path, problem, path), file=sys.stderr)
        sys.exit(2)
    errors = [e["run_name"] + ": " + e.get("error_message", "") for e in run["benchmarks"] if e.get("error_occurred")]
    if not cases and errors:
        fail("%s has only cases that failed: %s" % (path, errors[0]))
    if not cases:
        print("bench/report.py: %s: no case matches %s" % (path, pattern or "(it is empty)"), file=sys.stderr)
        sys.exit(2)
    return run.get("context", {}), [sorted(same, key=lambda c: c.seconds)[len(same) // 2] for same in cases.values()]


def seconds_text(seconds):
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return "%.4g %s" % (seconds / size, unit)
    return "%.4g ns" % (seconds / 1e-9)


def rate_text(case):
    if case.flops:
        return "%.1f GFLOP/s" % (case.flops / 1e9)
    if case.bytes:
        return "%.1f GB/s" % (case.bytes / 1e9)
    return "%.3g M/s" % (case.items / 1e6) if case.items else ""


def head(context):
    words = [context.get("date", "")[:10], context.get("cpu", ""), context.get("compiler", ""), context.get("commit", ""), "threads from " + context.get("threads_from", "?")]
    return ", ".join(word for word in words if word)


def table(options):
    context, cases = read(options.run, options.filter)
    width = max(len(c.name) for c in cases)
    print(head(context) + "\n")
    print("%-*s  %12s  %15s  %8s  %s" % (width, "case", "time", "throughput", "of limit", "+-"))
    for c in cases:
        share = ("%8.3f  %.3f" % (c.of_limit, c.mad)) if c.of_limit else ""
        print("%-*s  %12s  %15s  %s" % (width, c.name, seconds_text(c.seconds), rate_text(c), share))
    shares = [c.of_limit for c in cases if c.of_limit]
    if shares:
        worst = min((c for c in cases if c.of_limit), key=lambda c: c.of_limit)
        print("\n%d cases with a limit: geometric mean %.3f, least %.3f (%s)" % (len(shares), math.exp(statistics.fmean(map(math.log, shares))), worst.of_limit, worst.name))
    return 0


def verdict(low, high):
    """Of a ratio of speeds, after to before, that lies between the two."""
    return "faster" if low > 1 else "slower" if high < 1 else "same"


def judge(rows, gate):
    """rows: (name, ratio of speeds, low, high). Prints them; whether the gate holds."""
    width, bad = max(len(row[0]) for row in rows), []
    print("%-*s  %7s  %-17s" % (width, "case", "speed", "surely between"))
    for name, ratio, low, high in rows:
        print("%-*s  %7.3f  %7.3f %7.3f   %s" % (width, name, ratio, low, high, verdict(low, high)))
        if gate is not None and high < 1 - gate / 100:
            bad.append(name)
    words = [verdict(low, high) for _, _, low, high in rows]
    print("\n%d cases: %s; geometric mean %.3f" % (len(rows), ", ".join("%d %s" % (words.count(w), w) for w in ("faster", "same", "slower")), math.exp(statistics.fmean(math.log(row[1]) for row in rows))))
    for name in bad:
        print("gate: %s is slower by more than %g %%" % (name, gate))
    return 1 if bad else 0


def compare(options):
    (before_context, before), (after_context, after) = read(options.before, options.filter), read(options.after, options.filter)
    print("before  %s\nafter   %s\n" % (head(before_context), head(after_context)))
    later, rows = {c.name: c for c in after}, []
    for a in before:
        b = later.get(a.name)
        if b is None or not a.of_limit or not b.of_limit:
            continue
        ratio, noise = b.of_limit / a.of_limit, 3 * (a.mad / a.of_limit + b.mad / b.of_limit)
        rows.append((a.name, ratio, ratio / (1 + noise), ratio * (1 + noise)))
    if not rows:
        print("bench/report.py: the runs have no case with a limit in common", file=sys.stderr)
        sys.exit(2)
    return judge(rows, options.gate)


def median_interval(values):
    """The order statistics that hold the median with at least 95 % confidence; all of the range where there are fewer than six."""
    n, k, tail = len(values), 0, 0.5 ** len(values)
    while k < n // 2 and 2 * tail <= 0.05:
        k += 1
        tail += math.comb(n, k) * 0.5**n
    ordered = sorted(values)
    return ordered[max(k - 1, 0)], ordered[n - max(k, 1)]


def measure(program, pattern, min_time):
    """The cases of a gradus-bench that match, measured now."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "run.json")
        command = [program, "--benchmark_filter=" + pattern, "--benchmark_min_time=%g" % min_time, "--benchmark_out=" + out, "--benchmark_out_format=json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if done.returncode:
            fail("%s failed: %s" % (program, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "exit %d" % done.returncode))
        return read(out)[1]


def ab(options):
    for program in (options.before, options.after):
        if not os.access(program, os.X_OK):
            print("bench/report.py: %s is no program; expected two gradus-bench, before and after" % program, file=sys.stderr)
            return 2
    pairs = {}
    for number in range(options.rounds):
        order = (options.before, options.after) if number % 2 == 0 else (options.after, options.before)
        found = {program: {c.name: c.seconds for c in measure(program, options.filter, options.min_time)} for program in order}
        for name, seconds in found[options.before].items():
            if name in found[options.after]:
                pairs.setdefault(name, []).append(seconds / found[options.after][name])
    rows = [(name, statistics.median(ratios)) + median_interval(ratios) for name, ratios in pairs.items()]
    print("%s -> %s, %d rounds\n" % (options.before, options.after, options.rounds))
    return judge(rows, options.gate)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][len("usage: ") :], add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    commands = parser.add_subparsers(dest="command")
    one = {name: commands.add_parser(name, usage=parser.usage, add_help=False) for name in ("table", "pictures", "compare", "ab")}
    for name in ("table", "pictures"):
        one[name].add_argument("run")
    for name in ("compare", "ab"):
        one[name].add_argument("before")
        one[name].add_argument("after")
        one[name].add_argument("--gate", type=float)
    for name in ("table", "compare"):
        one[name].add_argument("--filter", default="")
    one["pictures"].add_argument("--out", required=True)
    one["ab"].add_argument("--filter", required=True)
    one["ab"].add_argument("--rounds", type=int, default=9)
    one["ab"].add_argument("--min-time", type=float, default=0.1)
    options = parser.parse_args()
    if options.help or not options.command:
        print(__doc__)
        return 0 if options.help else 2
    if options.command == "pictures":
        import pictures

        return pictures.draw(*read(options.run), options.out, head)
    return {"table": table, "compare": compare, "ab": ab}[options.command](options)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
