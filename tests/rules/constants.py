"""Long fp64 constants are those that a script in tools/ derives: nobody types sixteen digits, and no test of rounded results sees the last of them."""
import glob
import hashlib
import os
import re
import subprocess
import sys

import house

_DOUBLE = re.compile(r"(?<![\w.])-?0x1\.[0-9a-f]+p[+-]?\d+(?![\w.])")
_derived = []


def _long(text):
    """(position, value) of the fp64 literals with more than ten significant hexadecimal digits."""
    for m in _DOUBLE.finditer(text):
        if len(m.group().split("p")[0].rstrip("0").split(".")[1]) > 10:
            yield m.start(), float.fromhex(m.group())


def derived():
    """The constants that tools/derive_*.py print. None without mpmath, which they need (Debian package python3-mpmath)."""
    if not _derived:
        scripts = sorted(glob.glob(str(house.ROOT / "tools/derive_*.py")))
        if subprocess.run([sys.executable, "-c", "import mpmath"], stderr=subprocess.DEVNULL).returncode != 0:
            return None
        _derived.append({abs(value) for script in scripts for _, value in _long(_printed(script))})
    return _derived[0]


def _printed(script):
    """What a script prints: it takes ten seconds, so it is kept in build/ until the script is another."""
    with open(script, "rb") as f:
        name = "derived-%s.txt" % hashlib.sha256(f.read()).hexdigest()[:16]
    kept = house.ROOT / "build" / name
    if not kept.exists():
        text = house.output(sys.executable, script)
        kept.parent.mkdir(exist_ok=True)
        new = kept.with_suffix(".%d" % os.getpid())
        new.write_text(text)
        new.replace(kept)
    return kept.read_text()


def long_constants_are_derived(files):
    known = derived()
    if known is None:
        return []
    return [
        "%s:%d: %s is no constant that tools/derive_*.py print" % (path, text.count("\n", 0, at) + 1, value.hex())
        for path, text in house.c_files(files, "src/")
        for at, value in _long(house.code(text))
        if abs(value) not in known
    ]


RULES = [long_constants_are_derived]
