"""gradus_net_metrics against scikit-learn, as TAP without a plan: metrics.py LIBRARY sklearn"""
import sys
import warnings

sys.dont_write_bytecode = True

import gradus
import numpy
from sklearn import metrics as theirs

BOUND = 1e-12


def verdict(name, pairs):
    """pairs: what -> (ours, theirs)"""
    far = {what: pair for what, pair in pairs.items() if not numpy.allclose(*pair, rtol=BOUND, atol=BOUND, equal_nan=True)}
    print("not ok" if far else "ok", "-", name)
    for what, pair in far.items():
        print("# %s: %s, expected %s" % (what, *pair))


def classes(library, random, samples, outputs, ties):
    count = 2 if outputs == 1 else outputs
    scores = random.random((samples, outputs)).astype("float32")
    if ties:
        scores = numpy.round(scores * 4) / 4
    labels = random.integers(0, count, samples).astype("int32")
    labels[:count] = range(count)
    predicted = (scores[:, 0] > 0.5).astype(int) if outputs == 1 else scores.argmax(axis=1)
    k = min(2, outputs)
    found, each, _, confusion = library.metrics(scores, labels, top_k=k, auc=True)
    every = list(range(count))
    pairs = {"accuracy": (found.accuracy, theirs.accuracy_score(labels, predicted))}
    pairs["confusion"] = (confusion, theirs.confusion_matrix(labels, predicted, labels=every))
    for average, ours in (("macro", found.macro), ("weighted", found.weighted)):
        wanted = theirs.precision_recall_fscore_support(labels, predicted, labels=every, average=average, zero_division=0)
        pairs[average] = ((ours.precision, ours.recall, ours.f1), wanted[:3])
    wanted = theirs.precision_recall_fscore_support(labels, predicted, labels=every, average="micro", zero_division=0)
    pairs["micro"] = ((found.accuracy,) * 3, wanted[:3])
    wanted = theirs.precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0)
    pairs["each class"] = ([(c.precision, c.recall, c.f1, c.samples) for c in each], numpy.transpose(wanted))
    if count == 2:
        pairs["auc"] = (found.auc, theirs.roc_auc_score(labels, scores[:, -1]))
    else:
        areas = [theirs.roc_auc_score(labels == c, scores[:, c]) for c in every]
        pairs["each auc"] = ([c.auc for c in each], areas)
        pairs["auc"] = (found.auc, theirs.roc_auc_score(numpy.eye(count)[labels], scores, average="macro"))
    if outputs > 2 and not ties:  # of equal scores scikit-learn takes the higher index
        pairs["top_k"] = (found.top_k_accuracy, theirs.top_k_accuracy_score(labels, scores, k=k, labels=every))
    verdict("%d samples, %d outputs%s" % (samples, outputs, ", ties" if ties else ""), pairs)


def numbers(library, random, samples, outputs, flat):
    scores = random.standard_normal((samples, outputs)).astype("float32")
    targets = (scores + random.standard_normal((samples, outputs)) / 2).astype("float32")
    if flat:
        targets[:, 0] = 3.0
    found, _, each, _ = library.metrics(scores, targets)
    wide, given = scores.astype("float64"), targets.astype("float64")
    pairs = {"rmse": (found.rmse, theirs.root_mean_squared_error(given, wide)), "mae": (found.mae, theirs.mean_absolute_error(given, wide))}
    pairs["r2"] = (found.r2, theirs.r2_score(given, wide))
    pairs["each r2"] = ([o.r2 for o in each], theirs.r2_score(given, wide, multioutput="raw_values"))
    pairs["each rmse"] = ([o.rmse for o in each], theirs.root_mean_squared_error(given, wide, multioutput="raw_values"))
    pairs["each mae"] = ([o.mae for o in each], theirs.mean_absolute_error(given, wide, multioutput="raw_values"))
    verdict("%d samples, %d numbers%s" % (samples, outputs, ", one that does not vary" if flat else ""), pairs)


def main():
    warnings.simplefilter("ignore")
    library, random = gradus.Library(sys.argv[1]), numpy.random.default_rng(1)
    for samples in (10, 64, 1000, 3000):
        for outputs in (1, 2, 3, 7):
            for ties in (False, True):
                classes(library, random, samples, outputs, ties)
        for outputs in (1, 3):
            numbers(library, random, samples, outputs, False)
            numbers(library, random, samples, outputs, True)


main()
