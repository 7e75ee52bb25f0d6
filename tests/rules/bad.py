"""Bad examples: a rule that accepts its example is broken."""
import os
import platform
import tempfile

import house

HEAD = "/* An example. */\n"
EXAMPLES = {
    "includes_go_one_way": [
        {"src/base/a.c": HEAD + '#include "kernels/kernels.h"\n'},
        {"src/nn/a.c": HEAD + '#include "kernels/kernels.h"\n'},
        {"src/openmp/a.c": HEAD + '#include "kernels/step.h"\n'},
        {"src/data/a.c": HEAD + '#include "../base/io.h"\n'},
        {"src/data/a.c": HEAD + "#include <gradus/openmp.h>\n"},
        {"src/stray/a.c": HEAD},
    ],
    "public_headers_include_only_public_headers_and_plain_types": [{"include/gradus/a.h": HEAD + "#include <stdio.h>\n"}],
    "intrinsics_live_in_simd_and_hot_only": [
        {"src/nn/a.c": HEAD + "__m256 x = _mm256_setzero_ps();\n"},
        {"src/kernels/optim.c": HEAD + "#include <immintrin.h>\n"},
        {"src/nn/a.c": HEAD + "uint32x4_t x;\n"},
        {"src/kernels/optim.c": HEAD + "y = vfmaq_f32(c, a, b);\n"},
    ],
    "nn_never_sees_a_table_or_a_vector": [{"src/nn/a.c": HEAD + "const gd_kernels *k;\n"}],
    "openmp_lives_in_src_openmp_only": [{"src/base/a.c": HEAD + "#pragma omp parallel\n"}, {"src/cli/a.c": HEAD + "#include <omp.h>\n"}],
    "the_environment_is_read_where_contexts_are_made": [{"src/base/a.c": HEAD + 'const char *p = getenv("HOME");\n'}],
    "the_library_never_prints_exits_or_keeps_thread_state": [
        {"src/base/a.c": HEAD + 'void f(void) { printf("x"); }\n'},
        {"src/nn/a.c": HEAD + "void f(void) { exit(1); }\n"},
        {"src/openmp/a.c": HEAD + "static _Thread_local int x;\n"},
    ],
    "asserts_have_no_effect": [{"src/base/a.c": HEAD + "void f(int i) { assert(i++ < 3); }\n"}, {"src/base/a.c": HEAD + "void f(int i) { assert(i = 3); }\n"}],
    "no_trailing_blanks_and_a_newline_at_the_end": [{"a.md": "x \n"}, {"a.md": "x"}, {"a.md": "x\n\n"}],
    "no_tabs_in_code": [{"src/a.c": "\tint x;\n"}],
    "files_are_short": [{"src/a.c": "\n" * 401}, {"tests/unit/a.c": "\n" * 601}],
    "each_file_begins_by_saying_what_it_is": [{"src/base/a.c": "#include <stdio.h>\n"}],
    "headers_have_the_guard_of_their_path": [{"src/base/a.h": HEAD}, {"include/gradus/a.h": HEAD + "#ifndef A_H\n#define A_H\n#endif\n"}],
    "public_names_are_gradus_names": [
        {"include/gradus/a.h": HEAD + "#define LIMIT 3\n"},
        {"include/gradus/a.h": HEAD + "typedef struct { int x; } thing;\n"},
        {"include/gradus/a.h": HEAD + "GRADUS_API int other_call(void);\n"},
    ],
    "no_unwanted_words": [{"a.md": "TO" "DO: later\n"}, {"a.c": "/* see /ho" "me/me */\n"}, {"a.md": "<<<<<<" "< ours\n"}],
    "the_golden_symbols_are_the_declared_functions": [
        {"include/gradus/a.h": HEAD + "GRADUS_API int gradus_new(void);\n"},
        {"tests/golden/symbols.txt": "gradus_gone@GRADUS_0\n"},
    ],
    "the_optimizer_tables_are_current": [
        {
            "docs/numerics.md": "<!-- optimizers.def -->\n| 1 | gone |\n<!-- end of optimizers.def -->\n",
            "include/gradus/optimizers.def": "",
            "include/gradus/optimizer.h": "",
        }
    ],
    "long_constants_are_derived": [{"src/base/a.c": HEAD + "static const double two_over_pi = 0x1.45f306dc9c884p-1;\n"}],
    "the_build_knows_every_source": [{"src/base/a.c": HEAD, "src/base/meson.build": ""}, {"tests/unit/a.c": HEAD}],
}


def undetected(rules):
    """The rules about text without an example, and the examples that pass."""
    complaints = []
    for rule in rules:
        examples = EXAMPLES.get(rule.__name__, [])
        if not examples:
            complaints.append("%s: no bad example in tests/rules/bad.py" % rule.__name__)
        complaints += ["%s accepts %r" % (rule.__name__, example) for example in examples if not rule(example)]
    return complaints


def undetected_in_library(rules):
    """The rules about the built library that accept bad_library.c."""
    if platform.machine() != "x86_64":
        return []
    with tempfile.TemporaryDirectory() as build:
        objects = os.path.join(build, "libgradus.a.p")
        for folder in (*(os.path.join(build, "src/kernels/libgradus_%s_avx2.a.p" % part) for part in ("kernels", "rules")), objects):
            os.makedirs(folder)
            house.output("gcc", "-c", "-fPIC", "-o", os.path.join(folder, "bad.c.o"), "tests/rules/bad_library.c")
        house.output("gcc", "-shared", "-o", os.path.join(build, "libgradus.so"), os.path.join(objects, "bad.c.o"))
        return ["%s accepts tests/rules/bad_library.c" % rule.__name__ for rule in rules if not rule(build)]
