"""optax as gradus's lines with variant optax spell it."""
import inspect

import jax
import optax
from recipe import keywords, recipe

RATE = {"lr": "optax has no default learning rate"}
FORMS = {"op by op": {}, "jit": {}}
ADAM = "lr=learning_rate beta1=b1 beta2=b2 eps eps_root"

RECIPES = [
    recipe("adam", optax.adam, ADAM, intended=RATE, forms=FORMS),
    recipe("adamw", optax.adamw, ADAM + " weight_decay", intended=RATE, forms=FORMS),
    recipe("adagrad", optax.adagrad, "lr=learning_rate init=initial_accumulator_value eps", intended=RATE, forms=FORMS),
    recipe("rmsprop", optax.rmsprop, "lr=learning_rate alpha=decay eps", intended=RATE, forms=FORMS),
]


def versions():
    return "optax %s on jax %s" % (optax.__version__, jax.__version__)


def defaults(chosen):
    return {name: p.default for name, p in inspect.signature(chosen.make).parameters.items() if p.default is not p.empty}


def train(chosen, form, values, weights, gradients):
    jax.config.update("jax_enable_x64", weights.dtype.itemsize == 8)
    optimizer = chosen.make(**keywords(chosen, form, values))

    def step(parameters, state, gradient):
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state

    if form == "jit":
        step = jax.jit(step)
    parameters = jax.numpy.asarray(weights)
    state = optimizer.init(parameters)
    for gradient in gradients:
        parameters, state = step(parameters, state, jax.numpy.asarray(gradient))
    return jax.device_get(parameters), None
