"""How a line of optimizers.def is spelled in a framework."""
import collections

# name       of the line
# make       the framework's class or function
# arguments  gradus's key -> the framework's argument
# fixed      arguments that choose this line's formula
# intended   keys whose default differs from the framework's, with the reason
# forms      the framework's implementations of it: label -> further arguments
Recipe = collections.namedtuple("Recipe", "name make arguments fixed intended forms")

# The second setting of every case: no value is a default, and each is large enough to be seen.
CHANGED = {
    "lr": 0.02,
    "momentum": 0.8,
    "dampening": 0.3,
    "beta1": 0.8,
    "beta2": 0.95,
    "eps": 1e-3,
    "weight_decay": 0.05,
    "lr_decay": 0.1,
    "init": 1e-3,
    "alpha": 0.95,
    "eps_root": 1e-4,
}


def recipe(name, make, arguments, fixed=None, intended=None, forms=None):
    """arguments: 'key=argument ...', or 'key' where both are called the same."""
    pairs = [word.partition("=") for word in arguments.split()]
    return Recipe(name, make, {key: argument or key for key, _, argument in pairs}, fixed or {}, intended or {}, forms or {"": {}})


def keywords(chosen, form, values):
    """The framework's arguments for these values of gradus's keys."""
    given = dict(chosen.fixed, **chosen.forms[form])
    given.update((chosen.arguments[key], value) for key, value in values.items())
    return given
