#!/usr/bin/env python3
"""The optimizers of include/gradus/optimizers.def as tables for docs/numerics.md, section 8, between its marks.

tools/optimizer_table.py            prints them
tools/optimizer_table.py --update   writes them into docs/numerics.md

A rule of ./check compares the two."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST, PAGE = "include/gradus/optimizers.def", "docs/numerics.md"
BEGIN, END = "<!-- optimizers.def -->\n", "<!-- end of optimizers.def -->\n"


def arguments(text, start):
    """The arguments of the macro call whose ( is at text[start], split at its own commas; strings joined."""
    parts, depth, quoted, at = [""], 0, False, start
    while True:
        c = text[at]
        if c == '"':
            quoted = not quoted
        elif not quoted and c == "(":
            depth += 1
        elif not quoted and c == ")":
            depth -= 1
            if depth == 0:
                return [re.sub(r"\s+", " ", p).strip() for p in parts]
        if not quoted and c == "," and depth == 1:
            parts.append("")
        elif at > start:
            parts[-1] += c
        at += 1


def optimizers(text):
    """Each line as a dictionary; a variant has its rule's states."""
    lines, states_of = [], {}
    code = re.sub(r"/\*.*?\*/", lambda comment: " " * len(comment.group()), text, flags=re.S)
    for call in re.finditer(r"^GRADUS_(OPTIMIZER|VARIANT)\(", code, flags=re.M):
        values = arguments(code, call.end() - 1)
        if call.group(1) == "OPTIMIZER":
            names = "number name id variant family prepare kind passes decay states hyper_parameters formula source".split()
            line = dict(zip(names, values, strict=True))
            line["rule"] = line["id"]
            states_of[line["id"]] = line["states"]
        else:
            names = "number name id variant rule prepare decay hyper_parameters formula source".split()
            line = dict(zip(names, values, strict=True))
            line["states"] = states_of[line["rule"]]
        line["formula"], line["source"] = line["formula"].strip('"'), line["source"].strip('"')
        lines.append(line)
    return lines


def hyper_parameter_map(text):
    """NAME, key, full name, least, greatest of each line of optimizer.h's map."""
    return re.findall(r"XX\(\d+, (\w+), (\w+), (\w+), ([\d.e+-]+), ([\d.e+-]+)\)", text)


def states(line):
    found = re.findall(r"GRADUS_STATE\((\w+), (\d)\)", line["states"])
    return ", ".join(name + (" (decays)" if decays == "1" else "") for name, decays in found) or "-"


def hyper_parameters(line, key_of):
    found = re.findall(r"GRADUS_HYPER\((\w+), ([^)]+)\)", line["hyper_parameters"])
    return ", ".join("%s=%g" % (key_of[key], float(value)) for key, value in found)


def tables(read):
    known = hyper_parameter_map(read("include/gradus/optimizer.h"))
    key_of = {name: key for name, key, *_ in known}
    decay = {"COUPLED": "coupled", "DECOUPLED": "decoupled", "NONE": "-"}
    lines = optimizers(read(LIST))
    rows = ["| number | optimizer | variant | states | weight decay | hyper-parameters and defaults |", "|---|---|---|---|---|---|"]
    for line in lines:
        cells = [line["number"], line["name"], line["variant"], states(line), decay[line["decay"]], hyper_parameters(line, key_of)]
        rows.append("| " + " | ".join(cells) + " |")
    rows += ["", "| optimizer | variant | formula | source |", "|---|---|---|---|"]
    rows += ["| %s | %s | `%s` | %s |" % (line["name"], line["variant"], line["formula"], line["source"]) for line in lines]
    rows += ["", "| key | full name | least | greatest |", "|---|---|---|---|"]
    rows += ["| %s | %s | %s | %s |" % (key, name, least.removesuffix(".0"), greatest.removesuffix(".0")) for _, key, name, least, greatest in known]
    return "\n".join(rows) + "\n"


def split_page(page):
    head, rest = page.split(BEGIN)
    old, tail = rest.split(END)
    return head + BEGIN, old, END + tail


def main():
    text = tables(lambda path: (ROOT / path).read_text())
    if sys.argv[1:] == []:
        sys.stdout.write(text)
    elif sys.argv[1:] == ["--update"]:
        head, _, tail = split_page((ROOT / PAGE).read_text())
        (ROOT / PAGE).write_text(head + text + tail)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
