"""keras.optimizers as gradus's lines with variant keras spell it. The environment's KERAS_BACKEND says on what it computes."""
import keras
from recipe import keywords, recipe

MOMENTUM = {"momentum": "an optimizer of that name has momentum; Keras's flag is 0, which turns it off"}
SGD = "lr=learning_rate weight_decay"
RMSPROP = "lr=learning_rate alpha=rho eps=epsilon weight_decay"
ADAM = "lr=learning_rate beta1=beta_1 beta2=beta_2 eps=epsilon weight_decay"

RECIPES = [
    recipe("sgd", keras.optimizers.SGD, SGD),
    recipe("momentum", keras.optimizers.SGD, SGD + " momentum", intended=MOMENTUM),
    recipe("nesterov", keras.optimizers.SGD, SGD + " momentum", {"nesterov": True}, MOMENTUM),
    recipe("adagrad", keras.optimizers.Adagrad, "lr=learning_rate init=initial_accumulator_value eps=epsilon weight_decay"),
    recipe("rmsprop", keras.optimizers.RMSprop, RMSPROP),
    recipe("rmsprop_momentum", keras.optimizers.RMSprop, RMSPROP + " momentum", intended=MOMENTUM),
    recipe("rmsprop_centered", keras.optimizers.RMSprop, RMSPROP, {"centered": True}),
    recipe("rmsprop_centered_momentum", keras.optimizers.RMSprop, RMSPROP + " momentum", {"centered": True}, MOMENTUM),
    recipe("adam", keras.optimizers.Adam, ADAM),
    recipe("adamw", keras.optimizers.AdamW, ADAM),
    recipe("amsgrad", keras.optimizers.Adam, ADAM, {"amsgrad": True}),
]


def versions():
    backend = keras.backend.backend()
    return "keras %s on %s %s" % (keras.__version__, backend, __import__(backend).__version__)


def defaults(chosen):
    found = chosen.make().get_config()
    if found["weight_decay"] is None:  # no decay, as gradus's 0
        found["weight_decay"] = 0.0
    return found


def train(chosen, form, values, weights, gradients):
    keras.config.set_floatx(str(weights.dtype))
    if keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_enable_x64", weights.dtype.itemsize == 8)
    variable = keras.Variable(weights, dtype=str(weights.dtype))
    optimizer = chosen.make(**keywords(chosen, form, values))
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return keras.ops.convert_to_numpy(variable), None
