"""The cases step/<rule>/f32/...: a step of an optimizer on arrays, by torch, optax, DeepSpeed and bitsandbytes. A kind of bench/peers/run."""
import libraries

GROUP = 4  # the part of a case's name that the summary goes by: the size


def part(size):
    """A size of --sizes as gradus-bench names it."""
    return "tensors:" + size if size == "1000x1000" else size if size.startswith("idle:") else "n:" + size


def cases(options, listed):
    del listed  # those asked for, so that one that is not there is noticed
    return [
        "step/%s/f32/%s/%s/threads:%d" % (rule, options.isa, part(size), threads)
        for threads in options.threads
        for size in options.sizes.split(",")
        for rule in options.rules.split(",")
    ]


def read(case):
    """The rule, its tensors' sizes, and the steps without a gradient before those that are measured."""
    rule, size = case.split("/")[1], case.split("/")[GROUP]
    if size == "tensors:1000x1000":
        return rule, [1000] * 1000, 0
    if size.startswith("idle:"):
        return rule, [10000], int(size[len("idle:") :])
    return rule, [int(size[len("n:") :])], 0


def torch_parameters(torch, sizes, gradient):
    parameters = [torch.nn.Parameter(torch.full((n,), 0.5)) for n in sizes]
    for p in parameters:
        p.grad = torch.full_like(p, gradient)
    return parameters


def torch_peer(form):
    def load(threads):
        torch = libraries.load_torch(threads)
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

        def make(case):
            rule, sizes, idle = read(case)
            if rule not in rules:
                raise ValueError("torch is measured without " + rule)
            if rule == "rmsprop" and form == "fused":
                raise ValueError("torch has no fused RMSprop")
            kind, arguments = rules[rule]
            parameters = torch_parameters(torch, sizes, 1e-3)
            optimizer = kind(parameters, lr=1e-3, **arguments, **{"fused" if form == "fused" else "foreach": True})
            optimizer.step()
            if idle:
                for p in parameters:
                    p.grad.zero_()
                for _ in range(idle):
                    optimizer.step()
            return libraries.compiled(torch, optimizer.step) if form == "compile" else optimizer.step, 1

        return make, "torch " + torch.__version__

    return load


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

    def make(case):
        rule, sizes, idle = read(case)
        if rule not in rules:
            raise ValueError("optax is measured without " + rule)
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
        return step, 1

    return make, "optax %s, jax %s" % (optax.__version__, jax.__version__)


def adam_only(name, torch, kinds):
    """make of a peer that has only these rules, with torch's interface."""

    def make(case):
        rule, sizes, idle = read(case)
        if rule not in kinds:
            raise ValueError("%s is measured with %s only" % (name, " and ".join(kinds)))
        optimizer = kinds[rule](torch_parameters(torch, sizes, 0.0 if idle else 1e-3))
        for _ in range(idle):
            optimizer.step()
        return optimizer.step, 1

    return make


def deepspeed_peer(threads):
    torch = libraries.load_torch(threads)
    import deepspeed
    from deepspeed.ops.adam import DeepSpeedCPUAdam

    kinds = {
        "adam": lambda parameters: DeepSpeedCPUAdam(parameters, lr=1e-3, adamw_mode=False),
        "adamw": lambda parameters: DeepSpeedCPUAdam(parameters, lr=1e-3, adamw_mode=True),
    }
    return adam_only("DeepSpeed", torch, kinds), "deepspeed " + deepspeed.__version__


def bitsandbytes_peer(threads):
    torch = libraries.load_torch(threads)
    import bitsandbytes

    kinds = {
        "adam": lambda parameters: bitsandbytes.optim.Adam8bit(parameters, lr=1e-3),
        "adamw": lambda parameters: bitsandbytes.optim.AdamW8bit(parameters, lr=1e-3),
    }
    return adam_only("bitsandbytes (8-bit)", torch, kinds), "bitsandbytes %s (8-bit state)" % bitsandbytes.__version__


PEERS = {
    "torch-fused": torch_peer("fused"),
    "torch-foreach": torch_peer("foreach"),
    "torch-compile": torch_peer("compile"),
    "optax": optax_peer,
    "deepspeed": deepspeed_peer,
    "bitsandbytes": bitsandbytes_peer,
}
DEFAULT = [name for name in PEERS if name != "torch-foreach"]
