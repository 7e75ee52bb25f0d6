"""Learning rate schedules and what watches a run, against torch's and Keras's own, as TAP without a plan: schedules.py LIBRARY torch|keras

gradus computes in fp64; so does torch. Keras computes in fp32, so its rates are compared to 1e-5 of the greatest one."""
import sys

sys.dont_write_bytecode = True

import gradus

EPOCHS, STEPS_PER_EPOCH, BASE = 40, 7, 0.2
STEPS = EPOCHS * STEPS_PER_EPOCH


def verdict(name, complaints):
    print("not ok" if complaints else "ok", "-", name)
    for line in complaints[:5]:
        print("# " + line)


def compare(library, text, theirs, bound):
    """theirs: the learning rate of every step; bound: of the greatest one."""
    ours = [rate for rate, _ in library.rates(text, BASE, EPOCHS, STEPS_PER_EPOCH)]
    limit = bound * max(theirs)
    verdict(text, ["step %d: %.17g, expected %.17g" % (i, a, b) for i, (a, b) in enumerate(zip(ours, theirs)) if abs(a - b) > limit])


def on_torch(library):
    import torch
    from torch.optim import lr_scheduler

    def optimizer():
        return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE, momentum=0.5)

    def rates(make, every):
        """`make` gives the scheduler; it steps after every `every` steps."""
        sgd = optimizer()
        scheduler = make(sgd)
        found = []
        for step in range(1, STEPS + 1):
            found.append((sgd.param_groups[0]["lr"], sgd.param_groups[0]["momentum"]))
            sgd.step()
            if step % every == 0 and step < STEPS:
                scheduler.step()
        return found

    cases = {
        "exponential:gamma=0.93": lambda o: lr_scheduler.ExponentialLR(o, 0.93),
        "linear:start_factor=0.25,end_factor=0.75,total_iters=9": lambda o: lr_scheduler.LinearLR(o, 0.25, 0.75, 9),
        "linear": lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, EPOCHS),
        "polynomial:total_iters=11,power=1.5": lambda o: lr_scheduler.PolynomialLR(o, 11, 1.5),
        "step:step_size=6,gamma=0.3": lambda o: lr_scheduler.StepLR(o, 6, 0.3),
        "multistep:milestones=3/4/20,gamma=0.5": lambda o: lr_scheduler.MultiStepLR(o, [3, 4, 20], 0.5),
        "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS),
        "cosine:T_max=9,eta_min=0.01": lambda o: lr_scheduler.CosineAnnealingLR(o, 9, 0.01),
        "cosine_restarts:T_0=3,T_mult=2,eta_min=0.01": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
        "cosine_restarts:T_0=7": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7),
    }
    for text, make in cases.items():
        compare(library, text, [rate for rate, _ in rates(make, STEPS_PER_EPOCH)], 1e-13)
    per_step = lambda o: lr_scheduler.CosineAnnealingLR(o, 50, 0.01)
    compare(library, "cosine:T_max=50,eta_min=0.01,per=step", [rate for rate, _ in rates(per_step, 1)], 1e-13)
    joined = lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 20), lr_scheduler.CosineAnnealingLR(o, STEPS - 20)], [20])
    compare(library, "warmup:steps=20,start_factor=0.1+cosine:per=step", [rate for rate, _ in rates(joined, 1)], 1e-13)
    cycles = {
        "": {},
        ":pct_start=0.25,anneal=linear,div_factor=10,final_div_factor=100,base_momentum=0.8,max_momentum=0.9": dict(
            pct_start=0.25, anneal_strategy="linear", div_factor=10, final_div_factor=100, base_momentum=0.8, max_momentum=0.9
        ),
        ":three_phase=1": dict(three_phase=True),
        ":three_phase=1,anneal=linear,pct_start=0.4": dict(three_phase=True, anneal_strategy="linear", pct_start=0.4),
    }
    for settings, keywords in cycles.items():
        theirs = rates(lambda o: lr_scheduler.OneCycleLR(o, BASE, total_steps=STEPS, **keywords), 1)
        ours = library.rates("one_cycle" + settings, BASE, EPOCHS, STEPS_PER_EPOCH)
        far = [i for i in range(STEPS) if abs(ours[i][0] - theirs[i][0]) > 1e-13 * BASE or abs(ours[i][1] - theirs[i][1]) > 1e-13]
        verdict("one_cycle" + settings, ["step %d: %s, expected %s" % (i, ours[i], theirs[i]) for i in far])


def on_keras(library):
    from keras.optimizers import schedules

    cases = {
        "exponential:variant=keras,decay_rate=0.8,decay_steps=30": schedules.ExponentialDecay(BASE, 30, 0.8),
        "exponential:variant=keras,decay_rate=0.8,decay_steps=30,staircase=1": schedules.ExponentialDecay(BASE, 30, 0.8, True),
        "linear:variant=keras,decay_steps=100": schedules.PolynomialDecay(BASE, 100),
        "polynomial:variant=keras,decay_steps=100,power=2,end_learning_rate=0.01": schedules.PolynomialDecay(BASE, 100, 0.01, 2.0),
        "polynomial:variant=keras,decay_steps=60,power=0.5,cycle=1": schedules.PolynomialDecay(BASE, 60, power=0.5, cycle=True),
        "1/t:variant=keras,decay_rate=0.5,decay_steps=20": schedules.InverseTimeDecay(BASE, 20, 0.5),
        "1/t:variant=keras,decay_rate=0.5,decay_steps=20,staircase=1": schedules.InverseTimeDecay(BASE, 20, 0.5, True),
        "cosine:variant=keras": schedules.CosineDecay(BASE, STEPS),
        "cosine:variant=keras,decay_steps=100,alpha=0.1": schedules.CosineDecay(BASE, 100, 0.1),
        "warmup:steps=30,start_factor=0.1+cosine:variant=keras,decay_steps=90": schedules.CosineDecay(
            0.1 * BASE, 90, warmup_target=BASE, warmup_steps=30
        ),
        "cosine_restarts:variant=keras,first_decay_steps=17": schedules.CosineDecayRestarts(BASE, 17),
        "cosine_restarts:variant=keras,first_decay_steps=17,t_mul=1,m_mul=0.8,alpha=0.1": schedules.CosineDecayRestarts(BASE, 17, 1.0, 0.8, 0.1),
    }
    for text, schedule in cases.items():
        compare(library, text, [float(schedule(step)) for step in range(STEPS)], 1e-5)


if __name__ == "__main__":
    {"torch": on_torch, "keras": on_keras}[sys.argv[2]](gradus.Library(sys.argv[1]))
