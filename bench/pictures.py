"""The pictures of bench/report.py: SVG files of one run, drawn with matplotlib (Debian package python3-matplotlib)."""
import io
import os
import re
import sys

SIZES = (10000, 100000, 1000000, 25000000, 100000000)
RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "amsgrad")  # those of the pictures; all are in the table


def _pyplot():
    try:
        import matplotlib
    except ImportError:
        sys.exit("bench/report.py: pictures need matplotlib (Debian package python3-matplotlib, or pip install matplotlib)")
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "gradus", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot

    return pyplot


def _saved(figure, path):
    """The picture as lines without trailing blanks, which matplotlib leaves, so that it can be kept among sources."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    _pyplot().close(figure)
    with open(path, "w") as file:
        file.writelines(line.rstrip() + "\n" for line in text.getvalue().splitlines())
    return path


def _newest_isa(cases, kind):
    """The fastest instruction set that the run has such cases of."""
    found = {m.group(1) for c in cases for m in [re.match(kind, c.name)] if m}
    return next((isa for isa in ("avx512", "avx2", "neon", "scalar") if isa in found), None)


def _size_text(n):
    return "%g" % n if n < 1e6 else "%g M" % (n / 1e6)


def optimizers(cases, title, path):
    """A panel for each size: bars of the rules' throughput, a mark where the limit measured beside them is."""
    kind = r"step/[^/:]+/f32/(\w+)/n:"
    isa = _newest_isa(cases, kind)
    steps = {(c.name.split("/")[1], c.field("n"), c.field("threads")): c for c in cases if re.match(kind, c.name) and "/%s/" % isa in c.name and c.of_limit}
    if not steps:
        return None
    pyplot = _pyplot()
    threads = sorted({key[2] for key in steps})
    sizes = [n for n in SIZES if any(key[1] == n for key in steps)]
    rules = [rule for rule in RULES if any(key[0] == rule for key in steps)]
    figure, panels = pyplot.subplots(1, len(sizes), figsize=(2.1 * len(sizes) + 0.8, 3.4), squeeze=False)
    for panel, n in zip(panels[0], sizes):
        for t, count in enumerate(threads):
            for r, rule in enumerate(rules):
                c = steps.get((rule, n, count))
                if c is None:
                    continue
                at, width = r + (t - (len(threads) - 1) / 2) * 0.8 / len(threads), 0.8 / len(threads)
                panel.barh(at, c.bytes / 1e9, height=width * 0.92, color="C%d" % t, label="%d thread%s" % (count, "s" * (count > 1)) if r == 0 else None)
                panel.plot([c.bytes / c.of_limit / 1e9] * 2, [at - width / 2, at + width / 2], color="black", linewidth=1.4, label="limit" if r == 0 and t == 0 else None)
        panel.set_title("%s elements" % _size_text(n), fontsize=9)
        panel.set_xlabel("GB/s")
        panel.set_yticks(range(len(rules)))
        panel.set_yticklabels(rules if panel is panels[0][0] else [])
        panel.invert_yaxis()
    figure.suptitle("Optimizer steps, fp32, %s, and the limit measured beside them\n%s" % (isa, title), fontsize=8)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.legend(*panels[0][0].get_legend_handles_labels(), frameon=False, fontsize=8, ncol=len(threads) + 1, loc="lower center")
    return _saved(figure, path)


def products(cases, title, path):
    """Speed over arithmetic intensity (flops a byte of the three matrices), below the peak measured beside each."""
    kind = r"gemm/\w+/(\w+)/"
    isa = _newest_isa(cases, kind)
    dots = {}
    for c in cases:
        found = re.match(r"gemm/(\w+)/%s/(\d+)x(\d+)x(\d+)/" % isa, c.name)
        if found and c.of_limit:
            b, i, o = (int(found.group(k)) for k in (2, 3, 4))
            dots.setdefault((found.group(1), c.field("threads")), []).append((2.0 * b * i * o / (4.0 * (b * i + i * o + b * o)), c.flops / 1e9, c.flops / c.of_limit / 1e9))
    if not dots:
        return None
    pyplot = _pyplot()
    threads = sorted({key[1] for key in dots})
    figure, panels = pyplot.subplots(1, len(threads), figsize=(4.2 * len(threads), 3.4), squeeze=False)
    for panel, count in zip(panels[0], threads):
        roof = {}
        for f, form in enumerate(sorted({key[0] for key in dots})):
            found = sorted(dots.get((form, count), []))
            panel.scatter([d[0] for d in found], [d[1] for d in found], s=14, color="C%d" % f, label=form)
            for intensity, _, limit in found:
                roof.setdefault(intensity, []).append(limit)
        line = sorted((intensity, sorted(limits)[len(limits) // 2]) for intensity, limits in roof.items())
        panel.plot([x for x, _ in line], [y for _, y in line], color="black", linewidth=1.2, label="limit")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_title("%d thread%s" % (count, "s" * (count > 1)), fontsize=9)
        panel.set_xlabel("flops a byte")
        panel.set_ylabel("GFLOP/s")
    panels[0][-1].legend(frameon=False, fontsize=8, ncol=2, loc="lower right")
    figure.suptitle("Products, fp32, %s\n%s" % (isa, title), fontsize=8)
    figure.tight_layout()
    return _saved(figure, path)


def draw(context, cases, folder, head):
    os.makedirs(folder, exist_ok=True)
    drawn = [made for made in (optimizers(cases, head(context), os.path.join(folder, "optimizers.svg")), products(cases, head(context), os.path.join(folder, "products.svg"))) if made]
    if not drawn:
        print("bench/report.py: the run has neither steps nor products with a limit: nothing to draw", file=sys.stderr)
        return 2
    print("\n".join(drawn))
    return 0
