"""Headers compile alone, public ones as C11 and C++17 without a warning."""
import shutil

import house

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-Iinclude"]
LANGUAGES = [("gcc", "c", "c11"), ("clang", "c", "c11"), ("g++", "c++", "c++17"), ("clang++", "c++", "c++17")]


def _compile(compiler, language, standard, text, *flags):
    try:
        house.output(compiler, "-x", language, "-std=" + standard, *STRICT, *flags, "-", text=text)
    except house.CommandFailed as failure:
        return [str(failure)]
    return []


def public_headers_are_self_contained_in_C_and_CXX(files):
    complaints = []
    for compiler, language, standard in LANGUAGES:
        if not shutil.which(compiler):
            if compiler in ("gcc", "g++"):
                complaints.append("%s is not there" % compiler)
            continue
        for path, _ in house.c_files(files, "include/"):
            name = path[len("include/") :]
            if path.endswith(".h"):  # twice: the guard must hold
                complaints += ["%s: %s" % (path, c) for c in _compile(compiler, language, standard, "#include <%s>\n#include <%s>\nint x;\n" % (name, name))]
    return complaints


def internal_headers_are_self_contained(files):
    """Those of src/kernels' vector code are parts of one translation unit and stay out."""
    parts = ("src/kernels/simd/", "src/kernels/rules/", "src/kernels/template/", "src/kernels/hot/")
    complaints = []
    for path, _ in house.c_files(files, "src/"):
        if path.endswith(".h") and not path.startswith(parts):
            text = '#include "%s"\nint x;\n' % path[len("src/") :]
            complaints += ["%s: %s" % (path, c) for c in _compile("gcc", "c", "c11", text, "-Isrc", "-D_GNU_SOURCE")]
    return complaints


def structs_that_cross_the_library_have_their_promised_sizes(files):
    text = "#include <gradus/gradus.h>\n"
    for name, size in (("gradus_tensor", 64), ("gradus_parameter", 64), ("gradus_layer", 16)):
        text += '_Static_assert(sizeof(%s) == %d, "%s is %d bytes for ever");\n' % (name, size, name, size)
    return _compile("gcc", "c", "c11", text)


RULES = [
    public_headers_are_self_contained_in_C_and_CXX,
    internal_headers_are_self_contained,
    structs_that_cross_the_library_have_their_promised_sizes,
]
