"""The cases train/<net>/<optimizer>/...: a training step (forward, loss, backward, update), by torch, JAX and scikit-learn. A kind of bench/peers/run.

torch: a fused optimizer; torch-compile: forward and loss compiled, too. jax: many steps in one jitted lax.scan, whose state is donated: nothing of Python
is in its step. scikit-learn: partial_fit of many batches."""
import warnings

import libraries
import nets

GROUP = 1  # the part of a case's name that the summary goes by: the net


def cases(options, listed):
    return [case for case in listed if case.startswith("train/")]


def optimizer_of(case):
    return case.split("/")[2]


def torch_peer(form):
    def load(threads):
        torch = libraries.load_torch(threads)
        optimizers = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}

        def make(case):
            net = nets.Net(case)
            x, targets = (torch.from_numpy(numbers) for numbers in nets.samples(net))
            module = nets.torch_net(torch, net)
            loss = torch.nn.CrossEntropyLoss() if net.classes else torch.nn.MSELoss()
            optimizer = optimizers[optimizer_of(case)](module.parameters(), lr=nets.LEARNING_RATE, fused=True)

            def objective(x, targets):
                return loss(module(x), targets)

            evaluate = libraries.compiled(torch, objective) if form == "compile" else objective

            def step():
                optimizer.zero_grad(set_to_none=True)
                evaluate(x, targets).backward()
                optimizer.step()

            return step, 1

        return make, "torch " + torch.__version__

    return load


def jax_peer(threads):
    import jax
    import jax.numpy as jnp
    import optax

    optimizers = {"sgd": optax.sgd, "adam": optax.adam, "adamw": optax.adamw}

    def make(case):
        net = nets.Net(case)
        x, targets = (jnp.asarray(numbers) for numbers in nets.samples(net))
        parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in nets.weights(net)]
        transformation = optimizers[optimizer_of(case)](nets.LEARNING_RATE)
        flops = sum(6.0 * net.batch * a * b for a, b in net.layers)
        steps = min(1000, 4 + int(1e9 / flops))  # a hundredth of a second or so, but some always

        def objective(parameters, x, targets):
            y = nets.jax_scores(jax, parameters, x)
            return optax.softmax_cross_entropy_with_integer_labels(y, targets).mean() if net.classes else jnp.mean((y - targets) ** 2)

        def many(state, x, targets):
            def step(state, _):
                parameters, moments = state
                loss, gradients = jax.value_and_grad(objective)(parameters, x, targets)
                updates, moments = transformation.update(gradients, moments, parameters)
                return (optax.apply_updates(parameters, updates), moments), loss

            return jax.lax.scan(step, state, None, length=steps)

        jitted = jax.jit(many, donate_argnums=0)
        now = {"state": (parameters, transformation.init(parameters))}

        def call():
            now["state"], losses = jitted(now["state"], x, targets)
            jax.block_until_ready((now["state"], losses))

        return call, steps

    return make, "jax %s, optax %s; lax.scan" % (jax.__version__, optax.__version__)


def scikit_learn_peer(threads):
    import numpy
    import sklearn
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    warnings.simplefilter("ignore")

    def make(case):
        net, solver = nets.Net(case), optimizer_of(case)
        if solver not in ("sgd", "adam"):
            raise ValueError("scikit-learn has no " + solver)
        steps = max(10, 1280 // net.batch)  # so that what a call examines is little beside them
        x, targets = nets.samples(net)
        x, targets = numpy.tile(x, (steps, 1)), numpy.tile(targets.ravel(), steps)
        model = (MLPClassifier if net.classes else MLPRegressor)(
            hidden_layer_sizes=tuple(net.widths[1:-1]),
            solver=solver,
            batch_size=net.batch,
            learning_rate_init=nets.LEARNING_RATE,
            alpha=0.0,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
        )
        classes = {"classes": numpy.arange(net.widths[-1])} if net.classes else {}
        return lambda: model.partial_fit(x, targets, **classes), steps

    return make, "scikit-learn %s, numpy %s" % (sklearn.__version__, numpy.__version__)


PEERS = {"torch": torch_peer("eager"), "torch-compile": torch_peer("compile"), "jax": jax_peer, "scikit-learn": scikit_learn_peer}
DEFAULT = list(PEERS)
