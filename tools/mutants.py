"""Mutants of a C source: its text with one small change each, of the kinds that a defect in arithmetic could be. And what tools/mutate, which tries them, says
about them."""
import datetime
import fnmatch
import hashlib
import platform
import random
import re
import struct
import sys

_BLANK = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#[ \t]*(?:include|if|ifdef|ifndef|else|elif|endif|pragma|error|undef)\b[^\n]*', re.S | re.M)
_FLOAT = re.compile(r"(?<![\w.])(?:0x[0-9a-fA-F]*\.?[0-9a-fA-F]*p[+-]?\d+|\d+\.\d*(?:e[+-]?\d+)?|\d+e[+-]?\d+)f?(?![\w.])")
_INTEGER = re.compile(r"(?<![\w.])(?:0x[0-9a-fA-F]+|\d+)(?=[uUlL]*(?![\w.]))")
_COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "&&": "||", "||": "&&", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|"}
_SWAPPED = {"sub", "div", "less", "sub_bits"}  # words whose operands do not commute
_RENAMED = {"add": "sub", "sub": "add", "mul": "add", "div": "mul", "add_bits": "sub_bits", "sub_bits": "add_bits", "and": "or", "or": "and", "xor": "or", "shift_left": "shift_right", "shift_right": "shift_left", "less": "equal"}
_DROPPED = ("flush_state", "vf_negate", "vf_abs", "vf_sqrt", "vd_abs", "gd_sqrt")  # f(x) becomes x


class Mutant:
    def __init__(self, path, text, start, end, new, kind):
        self.path, self.start, self.end, self.new, self.kind = path, start, end, new, kind
        self.line = text.count("\n", 0, start) + 1
        self.old = text[start:end]
        first = text.rfind("\n", 0, start) + 1
        self.source = re.sub(r"\s+", " ", text[first : text.find("\n", end)]).strip()  # the line, for people and for tools/mutate_equivalent.txt
        before = re.sub(r"\s+", " ", text[first:start]).lstrip()[-24:]  # tells one 0 of a line from another
        self.change = re.sub(r"\s+", " ", "%s{%s => %s}" % (before, self.old, new))

    def apply(self, text):
        return text[: self.start] + self.new + text[self.end :]


def _blanked(text):
    """Comments, strings and preprocessor conditions become spaces; positions stay."""
    return _BLANK.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def _closing(code, opening):
    """The index of the parenthesis that closes code[opening]."""
    depth = 0
    for i in range(opening, len(code)):
        depth += (code[i] in "([{") - (code[i] in ")]}")
        if depth == 0:
            return i
    return None


def _arguments(code, opening):
    """[(start, end)] of a call's arguments, without blanks around them; None if the parenthesis is not closed."""
    end = _closing(code, opening)
    if end is None:
        return None
    spans, depth, start = [], 0, opening + 1
    for i in range(opening + 1, end + 1):
        if i == end or (code[i] == "," and depth == 0):
            piece = code[start:i]
            spans.append((start + len(piece) - len(piece.lstrip()), i - (len(piece) - len(piece.rstrip()))))
            start = i + 1
        depth += (code[i] in "([{") - (code[i] in ")]}")
    return spans


def _next_float(literal):
    """The literal's value one unit in the last place up, in its own type, and half as large again."""
    single = literal.endswith("f") and not (literal.startswith("0x") and "p" not in literal)
    digits = literal[:-1] if single else literal
    value = float.fromhex(digits) if digits.startswith("0x") else float(digits)
    pack, unpack = ("<f", "<I") if single else ("<d", "<Q")
    bits = struct.unpack(unpack, struct.pack(pack, value))[0]
    up = struct.unpack(pack, struct.pack(unpack, bits + 1))[0]
    suffix = "f" if single else ""
    if single or len(value.hex().split("p")[0].rstrip("0")) > 10:  # not a round number in fp64, whose ulp fp32 never shows
        yield up.hex() + suffix, "ulp"
    if value != 0.0:
        yield (value * 1.5).hex() + suffix, "number"
    else:
        yield "1.0" + suffix, "number"


def _literals(code):
    floats = [m for m in _FLOAT.finditer(code)]
    for m in floats:
        for new, kind in _next_float(m.group()):
            yield m.start(), m.end(), new, kind
    taken = [(m.start(), m.end()) for m in floats]
    for m in _INTEGER.finditer(code):
        if any(s <= m.start() < e for s, e in taken):
            continue
        value = int(m.group(), 0)
        yield m.start(), m.end(), (hex if m.group().startswith("0x") else str)(value + 1), "integer"
        if value == 1:
            yield m.start(), m.end(), "0", "integer"


def _operators(code):
    for m in re.finditer(r"(?<= )(?:[<>=!]=|[<>]|[-+]=?|[*/%&|^]|&&|\|\||<<|>>)(?= )", code):
        operator = m.group()
        if operator == "*" and re.search(r"\b(?:const|float|double|void|char|vf|vd)\s*$", code[: m.start()]):
            continue  # a pointer
        new = _COMPARISON.get(operator) or _ARITHMETIC.get(operator)
        if new:
            yield m.start(), m.end(), new, "comparison" if operator in _COMPARISON else "operator"


def _words(code, text):
    """The vocabulary's words: other operands, other words, an fma in two steps."""
    for m in re.finditer(r"\b(v[fd]|vdm|vm)_(\w+)\(", code):
        spans = _arguments(code, m.end() - 1)
        if spans is None or re.search(r"\b(?:v[fd]|vdm|vm|inline|define)\s*$", code[: m.start()]):
            continue  # a definition
        kind, word, whole = m.group(1), m.group(2), (m.start(), spans[-1][1] + 1)
        given = [text[s:e] for s, e in spans]
        if word in _SWAPPED and len(given) == 2 and given[0] != given[1]:
            yield spans[0][0], spans[1][1], "%s, %s" % (given[1], given[0]), "operands"
        if word in _RENAMED and not (word == "less" and kind == "vf"):
            yield m.start(2), m.end(2), _RENAMED[word], "word"
        if word == "fma":
            yield whole + ("vf_add(vf_mul(%s, %s), %s)" % tuple(given), "fma")
            yield whole + ("vf_fma(%s, %s, vf_negate(%s))" % tuple(given), "fma")
        if word == "madd":
            yield whole + ("vd_sub(vd_mul(%s, %s), %s)" % tuple(given), "word")
        if word == "select":
            yield whole + (given[1], "select")
            yield whole + (given[2], "select")
    for name in _DROPPED:
        for m in re.finditer(r"\b%s\(" % name, code):
            spans = _arguments(code, m.end() - 1)
            if spans and len(spans) == 1 and not re.search(r"\b(?:vf|vd|double|float)\s*$", code[: m.start()]):
                yield m.start(), spans[0][1] + 1, text[spans[0][0] : spans[0][1]], "dropped"


def _ternaries(code, text):
    """c ? a : b becomes c ? b : a."""
    for m in re.finditer(r" \? ", code):
        depth, colon, end = 0, None, None
        for i in range(m.end(), len(code)):
            if code[i] in "([{":
                depth += 1
            elif code[i] in ")]}":
                depth -= 1
                if depth < 0:
                    end = i
                    break
            elif depth == 0 and code[i] in ",;":
                end = i
                break
            elif depth == 0 and code[i : i + 3] == " : " and colon is None:
                colon = i
        if colon and end and "?" not in code[m.end() : colon]:
            yield m.end(), end, "%s : %s" % (text[colon + 3 : end], text[m.end() : colon]), "select"


def _statements(code):
    """An assignment or a call on a line of its own is left out; a condition is turned."""
    for m in re.finditer(r"^[ \t]+((?:\*?[\w.>\[\]-]+(?:\[[^;\n]*\])?(?: [-+*/|&^]?= [^;\n]+)|[\w.>-]+\([^;\n]*\)|[\w.>-]+(?:\+\+|--)));$", code, re.M):
        if not re.match(r"return\b|(?:const|float|double|size_t|int|uint\w+|v[fd]|vm|vdm|static|enum|typedef)\b", m.group(1)):
            yield m.start(1), m.end(1), "(void)0", "left out"
    for m in re.finditer(r"(?<!else )\b(?:if|while) (\()", code):
        end = _closing(code, m.start(1))
        if end:
            yield m.end(1), end, "!(%s)" % code[m.end(1) : end], "turned"


def mutants_of(path, text):
    """Every mutant of a file, in the order of their places; none twice."""
    code = _blanked(text)
    found = {}
    for start, end, new, kind in list(_literals(code)) + list(_operators(code)) + list(_words(code, text)) + list(_ternaries(code, text)) + list(_statements(code)):
        if text[start:end] != new:
            found.setdefault((start, end, new), Mutant(path, text, start, end, new, kind))
    return [found[key] for key in sorted(found)]


class Equivalent:
    def __init__(self, path, source, change, reason):
        self.path, self.source, self.change, self.reason = path, source, change, reason

    def fits(self, mutant):
        return all(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for text, pattern in ((mutant.path, self.path), (mutant.source, self.source), (mutant.change, self.change)))


def read_equivalent(file):
    found = []
    for number, line in enumerate(file.read_text().splitlines(), 1) if file.exists() else []:
        if line.strip() and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" ;; ")]
            if len(parts) != 4 or not parts[3]:
                sys.exit("%s:%d: FILE ;; LINE ;; CHANGE ;; REASON is expected" % (file, number))
            found.append(Equivalent(*parts))
    return found


def sample(all_mutants, count, seed):
    """As many from each file as can be, at random."""
    generator, files = random.Random(seed), {}
    for mutant in all_mutants:
        files.setdefault(mutant.path, []).append(mutant)
    for found in files.values():
        generator.shuffle(found)
    order = sorted(files)
    generator.shuffle(order)
    rounds = [files[path][i] for i in range(max(map(len, files.values()))) for path in order if i < len(files[path])]
    return rounds[:count]


FATES = ("killed", "not compiled", "same code", "equivalent", "survived")
SETTLED = ("killed", "not compiled", "same code")  # a later run, with more tests, would say the same


def settled(log, mutants):
    """{mutant: (fate, by what)} of those that no longer live by an earlier run's log. (Two of one line may look the same: both must be settled.)"""
    said = {}
    for line in log:
        fate, place, kind, source, change, why = line.rstrip("\n").split("\t")
        said.setdefault((place.split(":")[0], kind, source, change), []).append((fate, why))
    found = {}
    for mutant in mutants:
        fates = said.get((mutant.path, mutant.kind, mutant.source, mutant.change), [])
        if fates and all(fate in SETTLED for fate, _ in fates):
            found[mutant] = fates[0]
    return found


RECORD_HEAD = """A change in the code that computes is noticed: the record of tools/mutate, file by file

Each row is the last run over all mutants of a file, as the file was then: `mutants of` is a hash of the list of them. `tools/mutate --stale` runs
the files whose mutants have changed since and those that have no row yet, `--record` puts their rows here.

"""


def fingerprint(mutants):
    """What a file's mutants are, whatever its comments say."""
    return hashlib.sha256("\n".join("%s %s" % (m.source, m.change) for m in mutants).encode()).hexdigest()[:12]


def read_record(file):
    """{path: row}, a row as the words of its line."""
    rows = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        words = line.split()
        if len(words) == 4 + len(FATES) and "/" in words[0]:
            rows[words[0]] = words[1:]
    return rows


def write_record(file, fates, isas):
    """Replaces the rows of the files in `fates`, all of whose mutants are there; leaves out those of files that are gone."""
    rows = {path: row for path, row in read_record(file).items() if (file.parents[2] / path).exists()}
    now = datetime.datetime.utcnow().strftime("%Y-%m-%d")
    for path in {m.path for m in fates}:
        mutants = sorted((m for m in fates if m.path == path), key=lambda m: (m.start, m.end, m.new))
        rows[path] = [fingerprint(mutants), now, "+".join(isas)] + [str(sum(fates[m][0] == fate for m in mutants)) for fate in FATES]
    layout = "%-46s %-12s %-10s %-19s" + "%14s" * len(FATES)
    lines = [layout % (("file", "mutants of", "date", "instruction sets") + FATES)]
    lines += [layout % tuple([path] + row) for path, row in sorted(rows.items())]
    count = [sum(int(row[3 + i]) for row in rows.values()) for i in range(len(FATES))]
    lines += ["", "%d mutants of %d files: %s" % (sum(count), len(rows), ", ".join("%d %s" % (n, fate) for n, fate in zip(count, FATES)))]
    file.write_text(RECORD_HEAD + "\n".join(lines) + "\n")


def summary(isas, fates, options):
    yield "A change in the code that computes is noticed: the summary of tools/mutate"
    yield ""
    yield "date     %s (UTC)" % datetime.datetime.utcnow().strftime("%Y-%m-%d")
    yield "machine  %s; instruction sets %s" % (platform.machine(), ", ".join(isas))
    if options.sample:
        yield "sample   %d, seed %d" % (options.sample, options.seed)
    yield ""
    yield "%-52s %s" % ("file", " ".join("%12s" % f for f in FATES))
    rows = {}
    for mutant, (fate, _) in fates.items():
        rows.setdefault(mutant.path, []).append(fate)
    for path, found in sorted(rows.items()):
        yield "%-52s %s" % (path, " ".join("%12d" % found.count(f) for f in FATES))
    yield ""
    kinds = {}
    for mutant, (fate, _) in fates.items():
        kinds.setdefault(mutant.kind, []).append(fate)
    yield "kinds: " + ", ".join("%s %d" % (kind, len(found)) for kind, found in sorted(kinds.items()))
    noticed = {}
    for fate, why in fates.values():
        if fate == "killed":
            noticed[why] = noticed.get(why, 0) + 1
    yield "killed by: " + ", ".join("%s %d" % item for item in sorted(noticed.items(), key=lambda item: -item[1]))
    yield ""
    for mutant, (fate, _) in sorted(fates.items(), key=lambda item: (item[0].path, item[0].line)):
        if fate == "survived":
            yield "survived %s:%d" % (mutant.path, mutant.line)
            yield "  %s ;; %s ;; %s ;; " % (mutant.path, mutant.source, mutant.change)
    count = [sum(f == fate for f, _ in fates.values()) for fate in FATES]
    yield "%d mutants: %s" % (len(fates), ", ".join("%d %s" % (n, fate) for n, fate in zip(count, FATES)))
