"""Every line of optimizers.def that has a framework's formula, against that framework, as TAP without a plan. `run` starts it, once a framework and backend:
compare.py LIBRARY torch|keras|optax

Both sides get the same weights and the same 100 gradients in fp32. The framework computes in fp32, as its users do, and once more in fp64, where it is
exact for this purpose: what then differs is gradus's own rounding. The unit of an error is
    ulp(max(|w|, 100*lr)), |w| being the largest magnitude that the element had on the way."""
import importlib
import sys

sys.dont_write_bytecode = True

import gradus
import numpy
import recipe

STEPS, COUNT, SEED = 100, 4096, 1

# The bound k on the error, for a framework in fp32 and in fp64. A step rounds w once: 100 steps of fp32 differ from exact ones by up to 50 units, by
# about 10 where the roundings are independent.
ROUNDING = {"float32": 32.0, "float64": 16.0}
# Errors of one direction in all 100 steps add up. Weights that decay apart from the gradient are multiplied by (float)(1 - lr*weight_decay), which is
# wrong by up to 2^-25, and rounded once more. In fp32 Keras and optax take 1 - beta^t from a rounded beta^t, which for beta2 = 0.999 is wrong by up to
# 2^-15, and so the step by up to 2^-16: 130 units where gradients keep their sign and size.
DECAY = {"float32": 160.0, "float64": 96.0}
CORRECTION = {"float32": 160.0, "float64": 16.0}

DECOUPLED = 3  # GRADUS_WEIGHT_DECAY_DECOUPLED
NUDGE = 0.99  # a hyper-parameter that is wrong by 1 % must break the bound


def weights_and_gradients():
    """Gradients of 1e-4 .. 1e2: half of the elements keep their magnitude, half draw it anew each step; a quarter of the
    elements has gradients of one sign; a sixteenth of all is zero, some elements start late, 8 never."""
    random = numpy.random.default_rng(SEED)
    weights = random.standard_normal(COUNT)
    scale = 10.0 ** random.uniform(-4, 2, (STEPS, COUNT))
    scale[:, : COUNT // 2] = scale[0, : COUNT // 2]
    gradients = random.standard_normal((STEPS, COUNT)) * scale
    gradients[:, ::4] = abs(gradients[:, ::4])
    gradients[random.random((STEPS, COUNT)) < 1 / 16] = 0.0
    gradients[:10, :64] = 0.0
    gradients[:, :8] = 0.0
    return weights.astype("float32"), gradients.astype("float32")


class Comparison:
    def __init__(self, library, framework):
        self.library = gradus.Library(library)
        self.framework = framework
        self.side = importlib.import_module("on_" + framework)
        self.weights, self.gradients = weights_and_gradients()

    def verdict(self, name, complaints, notes=()):
        print("not ok" if complaints else "ok", "-", name)
        for line in [*complaints, *notes]:
            print("# " + line)

    def ours(self, algorithm, values):
        settings = "".join(",%s=%r" % pair for pair in values.items())
        return self.library.train("%s:variant=%s%s" % (algorithm.name, algorithm.variant, settings), self.weights, self.gradients)

    def error(self, algorithm, values, ours, theirs):
        """The largest error in units; infinite where one side alone is not finite."""
        result, largest = ours
        floor = numpy.float32(100 * values.get("lr", algorithm.defaults["lr"]))
        unit = numpy.spacing(numpy.maximum(largest, floor)).astype("float64")
        error = abs(result.astype("float64") - theirs.astype("float64")) / unit
        return float(numpy.where(numpy.isfinite(error), error, numpy.inf).max())

    def bound(self, algorithm, values):
        decay = values.get("weight_decay", algorithm.defaults.get("weight_decay", 0.0))
        if algorithm.weight_decay == DECOUPLED and decay:
            return DECAY
        return CORRECTION if "beta2" in algorithm.defaults and self.framework != "torch" else ROUNDING

    def formula(self, algorithm, chosen, label, values):
        """One test for each implementation the framework has; the last one's fp32 result serves the nudged runs."""
        ours, bound = self.ours(algorithm, values), self.bound(algorithm, values)
        for form in chosen.forms:
            complaints, figures = [], []
            for precision in ("float64", "float32"):
                given = self.weights.astype(precision), self.gradients.astype(precision)
                theirs, states = self.side.train(chosen, form, values, *given)
                if theirs.dtype != precision:
                    complaints.append("computed in %s, not in %s" % (theirs.dtype, precision))
                error = self.error(algorithm, values, ours, theirs)
                figures.insert(0, "%.1f of %.0f in %s" % (error, bound[precision], precision))
                if error > bound[precision]:
                    complaints.append("%.1f units in %s, the bound is %.0f" % (error, precision, bound[precision]))
                if states is not None and not states.issuperset(algorithm.states):
                    complaints.append("states %s, the framework has %s" % (algorithm.states, sorted(states)))
            self.verdict("%s, %s%s: %s" % (algorithm.name, label, form and ", " + form, ", ".join(figures)), complaints)
        return theirs

    def each_hyper_parameter_counts(self, algorithm, values, theirs):
        complaints = []
        for key in values:
            nudged = dict(values, **{key: values[key] * NUDGE})
            error, bound = self.error(algorithm, values, self.ours(algorithm, nudged), theirs), self.bound(algorithm, values)["float32"]
            if error <= bound:
                complaints.append("%s*%g: %.1f units, within the bound %.0f" % (key, NUDGE, error, bound))
        self.verdict("%s: a hyper-parameter that is wrong by 1 %% is seen" % algorithm.name, complaints)

    def defaults(self, algorithm, chosen):
        theirs = self.side.defaults(chosen)
        complaints, notes = [], []
        for key, value in algorithm.defaults.items():
            other = theirs.get(chosen.arguments[key])
            same = other is not None and numpy.float32(other) == numpy.float32(value)
            if key not in chosen.intended and not same:
                complaints.append("%s is %g, %s's %s is %s" % (key, value, self.framework, chosen.arguments[key], other))
            elif key in chosen.intended and same:
                complaints.append("%s: the same default, yet listed as an intended difference" % key)
            elif key in chosen.intended:
                notes.append("%s=%g: %s" % (key, value, chosen.intended[key]))
        self.verdict("%s: the defaults" % algorithm.name, complaints, notes)

    def covered(self, algorithms, recipes):
        """Every line with this framework's variant has a recipe with exactly the line's hyper-parameters, and there are no others."""
        complaints = ["%s: no recipe in on_%s.py" % (a.name, self.framework) for a in algorithms if a.name not in recipes]
        complaints += ["%s: the library has no such line" % name for name in recipes if name not in {a.name for a in algorithms}]
        known = [a for a in algorithms if a.name in recipes]
        complaints += ["%s: hyper-parameters %s" % (a.name, sorted(a.defaults)) for a in known if set(a.defaults) != set(recipes[a.name].arguments)]
        complaints += ["%s: no line in recipe.py's CHANGED" % key for a in known for key in a.defaults if key not in recipe.CHANGED]
        self.verdict("every line with variant %s is compared" % self.framework, complaints)
        return [] if complaints else known

    def run(self):
        print("# %s; %s; numpy %s" % (self.side.versions(), self.library.version(), numpy.__version__))
        recipes = {chosen.name: chosen for chosen in self.side.RECIPES}
        algorithms = [a for a in self.library.algorithms() if a.variant == self.framework]
        for algorithm in self.covered(algorithms, recipes):
            chosen = recipes[algorithm.name]
            self.defaults(algorithm, chosen)
            self.formula(algorithm, chosen, "defaults", {key: algorithm.defaults[key] for key in chosen.intended})
            changed = {key: recipe.CHANGED[key] for key in algorithm.defaults}
            self.each_hyper_parameter_counts(algorithm, changed, self.formula(algorithm, chosen, "changed", changed))


if __name__ == "__main__":
    Comparison(*sys.argv[1:]).run()
