"""The nets of gradus-bench's cases train/... and predict/... for peers: what a case's name says, the same samples, random weights."""
import re

LEARNING_RATE = 1e-3


class Net:
    """Dense layers, relu between them; more than one output: softmax and cross-entropy, one: identity and the mean squared error."""

    def __init__(self, case):
        self.widths = [int(n) for n in case.split("/")[1].split("-")]
        self.batch = int(re.search(r"/batch:(\d+)/", case).group(1))
        self.classes = self.widths[-1] > 1
        self.layers = list(zip(self.widths, self.widths[1:]))


def samples(net):
    """Inputs and targets as gradus-bench makes them: classes, or numbers [batch, outputs]."""
    import numpy

    count, outputs = net.batch * net.widths[0], net.widths[-1]
    mixed = numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(2654435761) >> numpy.uint64(8)
    x = (mixed % numpy.uint64(1001)).astype(numpy.float32) * numpy.float32(1e-3)
    indices = numpy.arange(net.batch if net.classes else net.batch * outputs)
    targets = indices % outputs if net.classes else ((indices % 7) * 0.1).astype(numpy.float32).reshape(net.batch, outputs)
    return x.reshape(net.batch, net.widths[0]), targets


def weights(net):
    """[(weights [in,out], bias)], as numpy's arrays."""
    import numpy

    draw = numpy.random.default_rng(0)
    return [((draw.random((a, b), dtype=numpy.float32) * 2 - 1) / numpy.float32(a**0.5), numpy.zeros(b, numpy.float32)) for a, b in net.layers]


def torch_net(torch, net):
    """Its scores: without the softmax."""
    modules = []
    for a, b in net.layers:
        modules += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def jax_scores(jax, parameters, x):
    for w, b in parameters[:-1]:
        x = jax.nn.relu(x @ w + b)
    return x @ parameters[-1][0] + parameters[-1][1]
