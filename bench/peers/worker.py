"""One peer in a process of its own: reads a case a line (JSON), answers its seconds a step. Started by bench/peers/run.

usage: worker.py PEER THREADS    PEER: torch-fused, torch-foreach, torch-compile, optax, deepspeed, bitsandbytes
In:  {"rule": "adam", "sizes": [1000000], "idle": 0}; out: {"seconds": median of a step, "steps": n} or {"error": why}. `idle`: steps with a gradient
of zero before those measured, which have it, too."""
import json
import os
import statistics
import sys
import time

SECONDS, WARM, LEAST = 0.6, 3, 5


def measure(step):
    """(median seconds of a call, calls): rounds of at least a millisecond for about SECONDS."""
    for _ in range(WARM):
        step()
    begin = time.perf_counter()
    step()
    calls = max(1, int(1e-3 / max(time.perf_counter() - begin, 1e-7)))
    rounds, start = [], time.perf_counter()
    while len(rounds) < LEAST or time.perf_counter() - start < SECONDS:
        begin = time.perf_counter()
        for _ in range(calls):
            step()
        rounds.append((time.perf_counter() - begin) / calls)
    return statistics.median(rounds), calls * len(rounds)


def torch_peer(peer, threads):
    import torch

    torch.set_num_threads(threads)
    optim = torch.optim
    rules = {
        "sgd": (optim.SGD, {}),
        "momentum": (optim.SGD, {"momentum": 0.9}),
        "nesterov": (optim.SGD, {"momentum": 0.9, "nesterov": True}),
        "adagrad": (optim.Adagrad, {}),
        "rmsprop": (optim.RMSprop, {}),
        "adam": (optim.Adam, {}),
        "adamw": (optim.AdamW, {}),
        "amsgrad": (optim.Adam, {"amsgrad": True}),
    }

    def make(rule, sizes, idle):
        if rule == "rmsprop" and peer == "torch-fused":
            raise ValueError("torch has no fused RMSprop")
        kind, arguments = rules[rule]
        parameters = [torch.nn.Parameter(torch.full((n,), 0.5)) for n in sizes]
        for p in parameters:
            p.grad = torch.full_like(p, 1e-3)
        form = {"torch-fused": {"fused": True}, "torch-foreach": {"foreach": True}, "torch-compile": {"foreach": True}}[peer]
        optimizer = kind(parameters, lr=1e-3, **arguments, **form)
        optimizer.step()
        if idle:
            for p in parameters:
                p.grad.zero_()
            for _ in range(idle):
                optimizer.step()
        return torch.compile(optimizer.step) if peer == "torch-compile" else optimizer.step

    return make, "torch " + torch.__version__


def optax_peer(threads):
    import jax
    import jax.numpy as jnp
    import optax

    rules = {
        "sgd": optax.sgd(1e-3),
        "momentum": optax.sgd(1e-3, momentum=0.9),
        "nesterov": optax.sgd(1e-3, momentum=0.9, nesterov=True),
        "adagrad": optax.adagrad(1e-3),
        "rmsprop": optax.rmsprop(1e-3),
        "adam": optax.adam(1e-3),
        "adamw": optax.adamw(1e-3),
        "amsgrad": optax.amsgrad(1e-3),
    }

    def make(rule, sizes, idle):
        transformation = rules[rule]
        now = {"p": [jnp.full(n, 0.5) for n in sizes]}
        gradients = [jnp.full(n, 0.0 if idle else 1e-3) for n in sizes]
        now["s"] = transformation.init(now["p"])

        def update(p, s, g):
            u, s = transformation.update(g, s, p)
            return optax.apply_updates(p, u), s

        jitted = jax.jit(update, donate_argnums=(0, 1))

        def step():
            now["p"], now["s"] = jitted(now["p"], now["s"], gradients)
            jax.block_until_ready(now["p"])

        for _ in range(idle):
            step()
        return step

    return make, "optax %s, jax %s" % (optax.__version__, jax.__version__)


def deepspeed_peer(threads):
    import torch
    from deepspeed.ops.adam import DeepSpeedCPUAdam
    from deepspeed.version import version

    torch.set_num_threads(threads)

    def make(rule, sizes, idle):
        if rule not in ("adam", "adamw"):
            raise ValueError("DeepSpeed's CPU kernels have no " + rule)
        parameters = [torch.nn.Parameter(torch.full((n,), 0.5)) for n in sizes]
        for p in parameters:
            p.grad = torch.full_like(p, 0.0 if idle else 1e-3)
        optimizer = DeepSpeedCPUAdam(parameters, lr=1e-3, adamw_mode=rule == "adamw")
        for _ in range(idle):
            optimizer.step()
        return optimizer.step

    return make, "deepspeed " + version


def bitsandbytes_peer(threads):
    import bitsandbytes
    import torch

    torch.set_num_threads(threads)
    kinds = {"adam": bitsandbytes.optim.Adam8bit, "adamw": bitsandbytes.optim.AdamW8bit}

    def make(rule, sizes, idle):
        if rule not in kinds:
            raise ValueError("bitsandbytes is measured with 8-bit Adam and AdamW only")
        parameters = [torch.nn.Parameter(torch.full((n,), 0.5)) for n in sizes]
        for p in parameters:
            p.grad = torch.full_like(p, 0.0 if idle else 1e-3)
        optimizer = kinds[rule](parameters, lr=1e-3)
        for _ in range(idle):
            optimizer.step()
        return optimizer.step

    return make, "bitsandbytes %s (8-bit state)" % bitsandbytes.__version__


def main():
    peer, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if peer != "optax":
        os.environ["OMP_PROC_BIND"] = "true"  # else a second thread may wake up on the first one's CPU and cost a scheduler's slice
    try:
        make, version = torch_peer(peer, threads) if peer.startswith("torch") else {"optax": optax_peer, "deepspeed": deepspeed_peer, "bitsandbytes": bitsandbytes_peer}[peer](threads)
    except Exception as problem:
        print(json.dumps({"error": "not installed (%s)" % str(problem).splitlines()[0][:100]}), file=answers, flush=True)
        return
    print(json.dumps({"version": version}), file=answers, flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        try:
            seconds, steps = measure(make(case["rule"], case["sizes"], case.get("idle", 0)))
            answer = {"seconds": seconds, "steps": steps}
        except Exception as problem:
            answer = {"error": (str(problem) or type(problem).__name__).splitlines()[0][:160]}
        print(json.dumps(answer), file=answers, flush=True)


main()
