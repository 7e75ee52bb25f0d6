"""What the built library holds: objects, symbols, instructions. On x86-64 the instruction rules apply; elsewhere they have nothing to look at."""
import glob
import os
import platform
import re

import house

SIZE_LIMIT = 1 << 20
# Bytes of machine code a subject may have, over all instruction sets; a function's subject is its name's beginning, the rest has its own budget.
BUDGETS = {"rules": 150, "stages": 100, "products": 200, "elementary functions": 80, "the rest": 250}  # KB
SUBJECTS = {"step_": "rules", "stage_": "stages", "gradient_stage": "stages", "encode_": "stages", "decode_": "stages", "unary_": "elementary functions", "derivative_": "elementary functions"}
SUBJECTS.update({name: "products" for name in ("tile", "hot_", "gemm", "product", "pack")})
LIBRARIES = {"libc.so.6", "libz.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}  # no libm: no function of it is in a result path
IMPORTS_FORBIDDEN = set(
    "printf puts putchar fprintf vprintf vfprintf fputs perror stdout stderr stdin exit _exit _Exit abort quick_exit __assert_fail atexit __cxa_atexit "
    "on_exit setenv putenv unsetenv signal sigaction setlocale __tls_get_addr rand srand random system dlopen".split()
)
# Writable variables, the only state outside objects: the CPU probe, the fork mark, the test mode of the phases.
VARIABLES = {"cpu_features", "fork_page", "test_mode"}
BANNED = r"v?rcp(14|28)?[ps][sd]|v?rsqrt(14|28)?[ps][sd]|vdpbf16ps|vcvtneps2bf16|vcvtne2ps2bf16|vexp2p[sd]|v?dpp[sd]|f(ld(?!cw)|ild|add|mul|div|sub|sqrt|sin|cos|yl2x|2xm1|scale)\w*"
FMA = r"vfn?m(add|sub)\w*"
X86 = platform.machine() == "x86_64"


def library(build):
    return os.path.realpath(os.path.join(str(house.ROOT), build, "libgradus.so"))


def kernel_objects(build):
    """[(kernels or rules, ISA name, object file)]."""
    pattern = os.path.join(str(house.ROOT), build, "src/kernels/libgradus_*_*.a.p", "*.o")
    return [(*re.search(r"libgradus_(kernels|rules)_(\w+)\.a\.p", path).groups(), path) for path in sorted(glob.glob(pattern))]


def other_objects(build):
    return sorted(glob.glob(os.path.join(str(house.ROOT), build, "libgradus.a.p", "*.o")))


_disassembled = {}


def instructions(path):
    """(function, mnemonic, operands) of every instruction."""
    if path not in _disassembled:
        found, function = [], "?"
        for line in house.output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
            if line.endswith(">:"):
                function = line.split("<")[1][:-2]
            elif "\t" in line:
                words = line.split("\t")[-1].split(None, 1)
                while words and words[0] in ("lock", "rep", "repz", "repnz", "bnd", "notrack", "data16", "cs"):
                    words = words[1].split(None, 1) if len(words) > 1 else []
                if words:
                    found.append((function, words[0], words[1] if len(words) > 1 else ""))
        _disassembled[path] = found
    return _disassembled[path]


def _where(path, wanted):
    """'file: function: instruction', once a function and mnemonic."""
    return sorted({"%s: %s: %s %s" % (os.path.basename(path), f, m, o) for f, m, o in instructions(path) if wanted(f, m, o)})[:10]


def each_instruction_set_is_two_objects_with_one_symbol_each(build):
    objects = kernel_objects(build)
    parts = {part: sorted(isa for p, isa, _ in objects if p == part) for part in ("kernels", "rules")}
    complaints = [] if parts["kernels"] and parts["kernels"] == parts["rules"] else ["kernels of %(kernels)s, rules of %(rules)s" % parts]
    for part, isa, path in objects:
        names = [line.split()[-1] for line in house.output("nm", "-g", "--defined-only", path).splitlines()]
        if names != ["gd_%s_%s" % (part, isa)]:
            complaints.append("%s exports %s, not gd_%s_%s alone" % (path, " ".join(names), part, isa))
    return complaints


def functions_are_named_for_the_library(build):
    complaints = []
    for path in other_objects(build):
        for line in house.output("nm", "-g", "--defined-only", path).splitlines():
            if not line.split()[-1].startswith(("gd_", "gradus_")):
                complaints.append("%s: %s is neither gd_ nor gradus_" % (os.path.basename(path), line.split()[-1]))
    return complaints


def _exported(path):
    lines = house.output("nm", "-D", "--defined-only", "--with-symbol-versions", path).splitlines()
    return {line.split()[-1].replace("@@", "@") for line in lines if line.split()[1] != "A"}


def exported_symbols_are_those_of_the_golden_list(build):
    exported = _exported(library(build))
    golden = set((house.ROOT / "tests/golden/symbols.txt").read_text().split())
    complaints = ["not in tests/golden/symbols.txt: " + s for s in sorted(exported - golden)] + ["gone from the library: " + s for s in sorted(golden - exported)]
    lent = os.path.join(str(house.ROOT), build, "src/openmp/libgradus-openmp.so")
    if os.path.exists(lent) and _exported(lent) != {"gradus_openmp_run@GRADUS_0"}:
        complaints.append("libgradus-openmp exports " + " ".join(sorted(_exported(lent))))
    return complaints


def imports_are_few_and_harmless(build):
    dynamic = house.output("readelf", "-dW", library(build))
    complaints = ["needs " + n for n in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic) if n not in LIBRARIES]
    for line in house.output("nm", "-D", "--undefined-only", library(build)).splitlines():
        name = line.split()[-1].split("@")[0]
        if name in IMPORTS_FORBIDDEN:
            complaints.append("imports " + name)
    return complaints


def the_library_is_small_once_stripped(build):
    stripped = os.path.join(str(house.ROOT), build, "check-stripped.so")
    house.output("strip", "-o", stripped, library(build))
    size = os.path.getsize(stripped)
    os.remove(stripped)
    return ["%d bytes stripped, at most %d" % (size, SIZE_LIMIT)] if size >= SIZE_LIMIT else []


def each_subject_keeps_its_size_budget(build):
    sizes = dict.fromkeys(BUDGETS, 0)
    kernels = [path for _, _, path in kernel_objects(build)]
    for path in kernels + other_objects(build):
        for line in house.output("nm", "-S", "--defined-only", path).splitlines():
            words = line.split()
            if len(words) == 4 and words[2] in "tTwW":
                subject = [s for prefix, s in SUBJECTS.items() if words[3].startswith(prefix) and path in kernels]
                sizes[subject[0] if subject else "the rest"] += int(words[1], 16)
    complaints = ["%s: %d bytes of machine code, at most %d KB" % (s, sizes[s], BUDGETS[s]) for s in BUDGETS if sizes[s] > BUDGETS[s] * 1024]
    return complaints + ["%s: no code found, are its functions' names in SUBJECTS?" % s for s in ("rules", "products", "elementary functions") if not sizes[s]]


def the_library_has_its_name_and_stays_loaded(build):
    dynamic = house.output("readelf", "-dW", library(build))
    complaints = [] if "soname: [libgradus.so.0]" in dynamic else ["the soname is not libgradus.so.0"]
    return complaints + ([] if re.search(r"FLAGS_1.*NODELETE", dynamic) else ["not linked with -z nodelete"])


def no_thread_storage_and_no_constructors(build):
    program = house.output("readelf", "-lW", library(build))
    complaints = ["a TLS segment"] if re.search(r"^\s+TLS\s", program, re.M) else []
    dynamic = house.output("readelf", "-dW", library(build))
    for which in ("INIT_ARRAYSZ", "FINI_ARRAYSZ"):  # the C runtime has one entry of its own
        for size in re.findall(which + r"\)\s+(\d+)", dynamic):
            if int(size) > 8:
                complaints.append("%s is %s bytes: a constructor or destructor" % (which, size))
    return complaints


def no_global_state(build):
    complaints = []
    for path in other_objects(build) + [path for _, _, path in kernel_objects(build)]:
        for line in house.output("objdump", "-t", path).splitlines():
            m = re.search(r"O (\.t?data|\.t?bss|\*COM\*)(?:\.\S+)?\t\S+\s+(?:\.hidden )?(\S+)$", line)
            if m and not m.group(0).startswith("O .data.rel.ro") and m.group(2).split(".")[0] not in VARIABLES:
                complaints.append("%s: writable variable %s" % (os.path.basename(path), m.group(2)))
    return complaints


def no_banned_instruction(build):
    """Approximations, bf16 arithmetic, x87: their results differ between CPUs or from the contract."""
    return _where(library(build), lambda f, m, o: re.fullmatch(BANNED, m)) if X86 else []


def only_the_guard_changes_the_floating_point_mode(build):
    """And the wrapper of strtod, which asks the x87 control word for its rounding."""

    def changes(function, mnemonic, _):
        return mnemonic in ("ldmxcsr", "vldmxcsr") and not function.startswith("gd_fp_") or mnemonic == "fldcw" and function != "to_nearest"

    return _where(library(build), changes) if X86 else []


def vector_registers_and_fma_stay_in_their_objects(build):
    if not X86:
        return []
    complaints = []
    for isa, path in [(isa, path) for _, isa, path in kernel_objects(build)] + [("", p) for p in other_objects(build)]:
        registers = {"avx512": "no register", "avx2": r"%zmm|%k[0-7]"}.get(isa, r"%[yz]mm|%k[0-7]")
        complaints += _where(path, lambda f, m, o: re.search(registers, o) or not isa.startswith("avx") and (re.fullmatch(FMA, m) or m in ("vmovups", "vaddps")))
    return complaints


def adam_divides_and_takes_one_root_a_vector(build):
    complaints = []
    for part, isa, path in kernel_objects(build):
        adam = [m for f, m, _ in instructions(path) if f.split(".")[0] == "step_adam"]
        roots, quotients, fused = (sum(bool(re.fullmatch(p, m)) for m in adam) for p in (r"v?sqrt[ps]s", r"v?div[ps]s", FMA))
        if not X86 or part != "rules":
            continue
        if not roots or roots != quotients:
            complaints.append("%s: %d roots and %d divisions in step_adam" % (isa, roots, quotients))
        if isa != "scalar" and fused != 4 * roots:
            complaints.append("%s: %d fused operations for %d vectors in step_adam, the formula has 4" % (isa, fused, roots))
    return complaints


RULES = [
    each_instruction_set_is_two_objects_with_one_symbol_each,
    functions_are_named_for_the_library,
    exported_symbols_are_those_of_the_golden_list,
    imports_are_few_and_harmless,
    the_library_is_small_once_stripped,
    each_subject_keeps_its_size_budget,
    the_library_has_its_name_and_stays_loaded,
    no_thread_storage_and_no_constructors,
    no_global_state,
    no_banned_instruction,
    only_the_guard_changes_the_floating_point_mode,
    vector_registers_and_fma_stay_in_their_objects,
    adam_divides_and_takes_one_root_a_vector,
]
