"""Who may include what, and what belongs in which room only."""
import re

import house

# A room may include itself and these, besides the public headers.
ROOMS = {
    "base": set(),
    "openmp": {"base"},
    "kernels": {"base"},
    "format": {"base", "kernels"},
    "data": {"base", "kernels", "format"},
    "nn": {"base", "format", "kernels/step.h"},
    "report": {"base", "format", "data", "nn"},
    "cli": {"base", "format", "data", "nn", "report"},
}
LIBRARY = ("src/base/", "src/kernels/", "src/format/", "src/data/", "src/nn/")
INTRINSICS = r"\b(?:_mm\d*_\w+|__m(?:128|256|512)[id]?\b|__mmask\d+|\w*mmintrin\.h|arm_(?:neon|sve)\.h|cpuid\.h|__builtin_ia32_(?!pause\b)\w+|(?:float|u?int)\d+x\d+_t\b|v[a-z]+q_(?:n_)?[fsu](?:32|64)\b)"
INTRINSICS_ROOMS = ("src/kernels/simd/", "src/kernels/hot/", "src/base/fp.c", "src/kernels/cpu.c")


def _includes(text):
    for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', house.without_comments(text), re.M):
        yield text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2)


def includes_go_one_way(files):
    complaints = []
    for path, text in house.c_files(files, "src/"):
        room = path.split("/")[1]
        if room not in ROOMS:
            complaints.append("%s: a room that tests/rules/layers.py does not know" % path)
            continue
        for line, own, system in _includes(text):
            if system == "gradus/openmp.h" and room not in ("openmp", "cli"):
                complaints.append("%s:%d: <gradus/openmp.h> is for src/openmp and src/cli" % (path, line))
            if own is None:
                continue
            target = own.split("/")[0]
            if target == "gradus" or target.startswith(".") or target not in ROOMS:
                complaints.append('%s:%d: "%s": own headers are included as "room/header.h", public ones as <gradus/header.h>' % (path, line, own))
            elif target != room and target not in ROOMS[room] and own not in ROOMS[room]:
                complaints.append('%s:%d: "%s": %s may include only %s' % (path, line, own, room, ", ".join(sorted(ROOMS[room])) or "itself"))
    return complaints


def public_headers_include_only_public_headers_and_plain_types(files):
    complaints = []
    for path, text in house.c_files(files, "include/"):
        for line, own, system in _includes(text):
            if own is not None or not (system.startswith("gradus/") or system in ("stddef.h", "stdint.h")):
                complaints.append("%s:%d: %s: only <gradus/...>, <stddef.h> and <stdint.h>" % (path, line, own or system))
    return complaints


def intrinsics_live_in_simd_and_hot_only(files):
    return [
        c
        for path, text in house.c_files(files, "src/", "include/", "examples/")
        if not path.startswith(INTRINSICS_ROOMS)
        for c in house.matches(path, house.code(text) + "\n" + "\n".join(s or "" for _, _, s in _includes(text)), INTRINSICS, "belongs in src/kernels/simd")
    ]


def nn_never_sees_a_table_or_a_vector(files):
    return [
        c
        for path, text in house.c_files(files, "src/nn/", "src/data/", "src/cli/", "src/report/")
        for c in house.matches(path, house.code(text), r"\b(?:gd_kernels|vf|vmask|GD_CPU_\w+)\b", "kernels only")
    ]


def openmp_lives_in_src_openmp_only(files):
    return [
        c
        for path, text in house.c_files(files, "src/", "include/")
        if not path.startswith("src/openmp/")
        for c in house.matches(path, house.code(text), r"#[ \t]*pragma[ \t]+omp\b|\bomp_\w+[ \t]*\(", "belongs in src/openmp")
        + house.matches(path, house.without_comments(text), r'#[ \t]*include[ \t]*[<"]omp\.h', "belongs in src/openmp")
    ]


def the_environment_is_read_where_contexts_are_made(files):
    return [
        c
        for path, text in house.c_files(files, "src/")
        if path != "src/kernels/context.c" and not path.startswith(("src/report/", "src/cli/"))
        for c in house.matches(path, house.code(text), r"\b(?:secure_getenv|getenv|setenv|putenv|environ)\b", "only in src/kernels/context.c and the program")
    ]


FORBIDDEN_CALLS = r"\b(?:v?f?printf|puts|fputs|putchar|putc|fputc|perror|exit|_Exit|_exit|quick_exit|abort|atexit|at_quick_exit|setlocale|signal|sigaction|system)[ \t]*\("
FORBIDDEN_NAMES = r"\b(?:stdout|stderr|stdin|_Thread_local|__thread|thread_local)\b|__attribute__\(\((?:constructor|destructor)"


def the_library_never_prints_exits_or_keeps_thread_state(files):
    return [
        c
        for path, text in house.c_files(files, *LIBRARY + ("src/openmp/",))
        for c in house.matches(path, house.code(text), FORBIDDEN_CALLS + "|" + FORBIDDEN_NAMES, "not in the library")
    ]


def asserts_have_no_effect(files):
    effect = r"\bassert[ \t]*\([^;]*?(?:\+\+|--|[^=!<>]=(?!=))[^;]*\);"
    return [c for path, text in house.c_files(files, "src/") for c in house.matches(path, house.code(text), effect, "an assert with an effect")]


RULES = [
    includes_go_one_way,
    public_headers_include_only_public_headers_and_plain_types,
    intrinsics_live_in_simd_and_hot_only,
    nn_never_sees_a_table_or_a_vector,
    openmp_lives_in_src_openmp_only,
    the_environment_is_read_where_contexts_are_made,
    the_library_never_prints_exits_or_keeps_thread_state,
    asserts_have_no_effect,
]
