"""One peer in a process of its own: reads a case a line (JSON), answers its seconds a step. Started by bench/peers/run.

usage: worker.py KIND PEER THREADS    KIND: updates, products, training, inference; PEER: one of that module's PEERS
First: {"version": text} or {"error": why}. In: {"case": as gradus-bench names it}; out: {"seconds": median of a step, "steps": n} or {"error": why}.

A kind is a module: cases(options, listed) chooses of gradus-bench's cases; PEERS are functions of the number of threads that load a peer and return
(make, version); make(case) returns (a call, the steps that a call does), on the same arrays each time."""
import importlib
import json
import os
import statistics
import sys
import time

SECONDS, WARM, LEAST = 0.6, 3, 5
REST = 0.25  # so that no thread still looks for work (Intel's OpenMP: for 0.2 s) while the next peer is measured
COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")


def measure(call, steps):
    """(median seconds of a step, steps): rounds of at least a millisecond for about SECONDS."""
    for _ in range(WARM):
        call()
    begin = time.perf_counter()
    call()
    calls = max(1, int(1e-3 / max(time.perf_counter() - begin, 1e-7)))
    rounds, start = [], time.perf_counter()
    while len(rounds) < LEAST or time.perf_counter() - start < SECONDS:
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        rounds.append((time.perf_counter() - begin) / (calls * steps))
    return statistics.median(rounds), calls * steps * len(rounds)


def why(problem):
    return (str(problem) or type(problem).__name__).strip().splitlines()[0][:160]


def main():
    kind, peer, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])  # before any library makes threads; JAX has no other way to be told
    for name in COUNTS:
        os.environ[name] = str(threads)
    try:
        make, version = importlib.import_module(kind).PEERS[peer](threads)
    except Exception as problem:
        print(json.dumps({"error": "not installed (%s)" % why(problem)}), file=answers, flush=True)
        return
    print(json.dumps({"version": version}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            seconds, steps = measure(*make(json.loads(line)["case"]))
            answer = {"seconds": seconds, "steps": steps}
        except Exception as problem:
            answer = {"error": why(problem)}
        time.sleep(REST)
        print(json.dumps(answer), file=answers, flush=True)


sys.dont_write_bytecode = True
main()
