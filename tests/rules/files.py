"""Rules for files as text: layout, names, words, and that the build knows every file."""
import re

import house

LINES = 400
TEST_LINES = 600  # suites are lists of cases
# Marks that do not stay in finished work, machine-bound paths, merge leftovers. In pieces, so that this file passes its own rule.
UNWANTED = "|".join([r"\bTO" r"DO\b", r"\bFIX" r"ME\b", r"\bXX" r"X\b", r"\bHA" r"CK\b", r"(?<![\w./])/(?:wo" r"rk|ho" r"me|ro" r"ot)/\w", r"^<{7}|^>{7}|^={7}$", r"Co-auth" r"ored"])


def no_trailing_blanks_and_a_newline_at_the_end(files):
    complaints = []
    for path, text in sorted(files.items()):
        complaints += ["%s:%d: trailing blank" % (path, n) for n, line in enumerate(text.split("\n"), 1) if line != line.rstrip(" \t\r")]
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            complaints.append("%s: must end with exactly one newline" % path)
    return complaints


def no_tabs_in_code(files):
    coded = (".c", ".h", ".inl", ".def", ".py", ".build", ".sh")
    return ["%s:%d: tab" % (p, text[: text.index("\t")].count("\n") + 1) for p, text in sorted(files.items()) if p.endswith(coded) and "\t" in text]


def files_are_short(files):
    complaints = []
    for path, text in sorted(files.items()):
        limit = TEST_LINES if path.startswith("tests/") else LINES
        if path.endswith((".c", ".h", ".inl", ".py", ".sh")) and text.count("\n") > limit:
            complaints.append("%s: %d lines, at most %d: a file has one subject" % (path, text.count("\n"), limit))
    return complaints


def each_file_begins_by_saying_what_it_is(files):
    return ["%s: no head comment" % p for p, text in house.c_files(files, "src/", "include/", "tests/", "examples/", "bench/") if not text.startswith("/* ")]


def headers_have_the_guard_of_their_path(files):
    complaints = []
    for path, text in house.c_files(files, "src/", "include/"):
        if not path.endswith(".h") or "#pragma once" in text or "/rules/" in path:
            continue
        guard = re.sub(r"\W", "_", path.replace("include/", "").replace("src/", "gd/")).upper()
        if "#ifndef " not in text:
            complaints.append("%s: no include guard" % path)
        elif path.startswith("include/") and "#ifndef %s\n#define %s\n" % (guard, guard) not in text:
            complaints.append("%s: the guard should be %s" % (path, guard))
    return complaints


def public_names_are_gradus_names(files):
    complaints = []
    for path, text in house.c_files(files, "include/"):
        body = house.code(text)
        complaints += house.matches(path, body, r"^[ \t]*#[ \t]*define[ \t]+(?!GRADUS_)\w+", "public macros are GRADUS_*")
        complaints += house.matches(path, body, r"\}[ \t]*(?!gradus_)\w+;", "public types are gradus_*")
        complaints += house.matches(path, body, r"^(?:GRADUS_API|static inline)\b[^(;]*?[\s*](?!gradus_)(?!__attribute__)\w+\(", "public functions are gradus_*")
    return complaints


def no_unwanted_words(files):
    return [c for path, text in sorted(files.items()) for c in house.matches(path, text, UNWANTED, "does not belong in the tree")]


def the_build_knows_every_source(files):
    complaints = []
    for path, text in house.c_files(files, "src/"):
        folder, name = path.rsplit("/", 1)
        if name.endswith(".c") and "'%s'" % name not in files.get(folder + "/meson.build", ""):
            complaints.append("%s: not in %s/meson.build" % (path, folder))
    for path, text in house.c_files(files, "tests/unit/"):
        if path.endswith(".c") and "'%s'" % path[len("tests/unit/") : -2] not in files.get("tests/meson.build", ""):
            complaints.append("%s: not in tests/meson.build" % path)
    return complaints


def the_golden_symbols_are_the_declared_functions(files):
    declared = set()
    for path, text in house.c_files(files, "include/"):
        if path != "include/gradus/openmp.h":  # a library of its own
            declared |= {name + "@GRADUS_0" for name in re.findall(r"GRADUS_API\b[^;{]*?\b(gradus_\w+)[ \t]*\(", house.code(text))}
    golden = set(files.get("tests/golden/symbols.txt", "").split())
    return ["declared, not in tests/golden/symbols.txt: " + s for s in sorted(declared - golden)] + ["not declared: " + s for s in sorted(golden - declared)]


RULES = [
    no_trailing_blanks_and_a_newline_at_the_end,
    no_tabs_in_code,
    files_are_short,
    each_file_begins_by_saying_what_it_is,
    headers_have_the_guard_of_their_path,
    public_names_are_gradus_names,
    no_unwanted_words,
    the_build_knows_every_source,
    the_golden_symbols_are_the_declared_functions,
]
