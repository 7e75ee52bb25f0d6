"""torch.optim as gradus's lines with variant torch spell it."""
import inspect

import torch
from recipe import keywords, recipe

torch.set_num_threads(1)

MOMENTUM = {"momentum": "an optimizer of that name has momentum; torch's flag is 0, which turns it off"}
FORMS = {"for-loop": {"foreach": False}, "foreach": {"foreach": True}}
FUSED = dict(FORMS, fused={"fused": True})
RMSPROP = "lr alpha eps weight_decay"
ADAM = "lr beta1 beta2 eps weight_decay"

RECIPES = [
    recipe("sgd", torch.optim.SGD, "lr weight_decay", forms=FUSED),
    recipe("momentum", torch.optim.SGD, "lr momentum dampening weight_decay", intended=MOMENTUM, forms=FUSED),
    recipe("nesterov", torch.optim.SGD, "lr momentum weight_decay", {"nesterov": True}, MOMENTUM, FUSED),
    recipe("adagrad", torch.optim.Adagrad, "lr lr_decay init=initial_accumulator_value eps weight_decay", forms=FUSED),
    recipe("rmsprop", torch.optim.RMSprop, RMSPROP, forms=FORMS),
    recipe("rmsprop_momentum", torch.optim.RMSprop, RMSPROP + " momentum", intended=MOMENTUM, forms=FORMS),
    recipe("rmsprop_centered", torch.optim.RMSprop, RMSPROP, {"centered": True}, forms=FORMS),
    recipe("rmsprop_centered_momentum", torch.optim.RMSprop, RMSPROP + " momentum", {"centered": True}, MOMENTUM, FORMS),
    recipe("adam", torch.optim.Adam, ADAM, forms=FUSED),
    recipe("adamw", torch.optim.AdamW, ADAM, forms=FUSED),
    recipe("amsgrad", torch.optim.Adam, ADAM, {"amsgrad": True}, forms=FUSED),
]


def versions():
    return "torch " + torch.__version__


def defaults(chosen):
    found = {name: p.default for name, p in inspect.signature(chosen.make.__init__).parameters.items() if p.default is not p.empty}
    if "betas" in found:
        found["beta1"], found["beta2"] = found.pop("betas")
    return found


def train(chosen, form, values, weights, gradients):
    given = keywords(chosen, form, values)
    if "beta1" in given:
        given["betas"] = given.pop("beta1"), given.pop("beta2")
    parameter = torch.nn.Parameter(torch.from_numpy(weights.copy()))
    optimizer = chosen.make([parameter], **given)
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    return parameter.detach().numpy(), set(optimizer.state[parameter])
