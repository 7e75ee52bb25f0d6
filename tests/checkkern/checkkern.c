/* checkkern: every kernel of every instruction set that this CPU runs, bit for bit against the reference, at all small lengths, in memory that
 * notices every byte read or written outside the arrays, with values that hurt. Needs libc and libm only, so it runs under an emulator too. Prints
 * TAP; a failure prints the command that repeats it. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern/cases.h"
#include "checkkern/guard.h"
#include "kernels/dispatch.h"

enum { EXIT_USAGE = 2, OFFSETS = 16, LANES_CHECKED = 80, GREATEST_N = 1000000 };

typedef struct options {
    const char *isa, *kernel; /* NULL: all */
    size_t n;                 /* SIZE_MAX: all */
    uint64_t seed;
    int list, quick, stop; /* stop: after the first failure */
} options;

/* What a case runs with: the table, the guarded arrays of the problem, what they must hold afterwards. */
typedef struct bench {
    const options *options;
    const gd_kernels *kernels;
    gd_guarded guarded[GD_MAX_ARRAYS];
    float *arrays[GD_MAX_ARRAYS];
    float *expected[GD_MAX_ARRAYS];
} bench;

static int is_nan(uint32_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }

/* The same bits, any NaN for any NaN. */
static int same(float a, float b) {
    const uint32_t x = gd_float_bits(a), y = gd_float_bits(b);
    return x == y || (is_nan(x) && is_nan(y));
}

static int failed(const bench *b, const gd_problem *p, const char *what) {
    printf("# %s\n# values %d, n %zu", what, (int)p->values, p->n);
    if (strcmp(p->about->name, "tile") == 0)
        printf(", tile %zux%zu, k %zu, run %zu, a_row %td, a_k %td, a_run %td, add %d", p->tile.rows, p->tile.columns, p->tile.k, p->tile.run,
               p->tile.a_row, p->tile.a_k, p->tile.a_run, p->tile.add);
    printf("\n# repeat: checkkern --isa %s --kernel %s --n %zu --seed 0x%" PRIx64 "%s\n", b->kernels->name, p->about->name, p->n, b->options->seed,
           b->options->quick ? " --quick" : "");
    return 0;
}

/* What the reference gives, from the problem's data, into b->expected. */
static void expect(bench *b, const gd_problem *p) {
    for (int j = 0; j < p->arrays; j++) {
        b->expected[j] = realloc(b->expected[j], (p->count[j] + 1) * sizeof(float));
        if (!b->expected[j]) abort();
        memcpy(b->expected[j], p->data[j], p->count[j] * sizeof(float));
    }
    p->about->reference(p, b->expected);
}

static void place(bench *b, const gd_problem *p, int offset) {
    for (int j = 0; j < p->arrays; j++)
        b->arrays[j] = gd_guarded_place(&b->guarded[j], p->data[j], p->count[j], offset == GD_FLUSH_END ? offset : (offset + 5 * j) % OFFSETS);
}

typedef struct call {
    const bench *bench;
    const gd_problem *problem;
    const ptrdiff_t *shift; /* of each array, or NULL */
} call;

static void call_kernel(void *argument) {
    const call *c = argument;
    float *arrays[GD_MAX_ARRAYS] = {0};
    for (int j = 0; j < c->problem->arrays; j++) arrays[j] = c->bench->arrays[j] + (c->shift ? c->shift[j] : 0);
    c->problem->about->kernel(c->bench->kernels, c->problem, arrays);
}

static int run_kernel(const bench *b, const gd_problem *p, const ptrdiff_t *shift, const char *what) {
    char text[200];
    call c = {b, p, shift};
    const int number = gd_guarded_call(call_kernel, &c);
    if (number == 0) return 1;
    snprintf(text, sizeof text, "%s: ended by signal %d (memory outside the arrays, or an instruction this CPU lacks)", what, number);
    return failed(b, p, text);
}

/* Compares all arrays, those only read included, and what surrounds them. */
static int check_arrays(const bench *b, const gd_problem *p, const char *what) {
    char text[300];
    for (int j = 0; j < p->arrays; j++) {
        if (!gd_guarded_intact(&b->guarded[j])) {
            snprintf(text, sizeof text, "%s: wrote beside array %d", what, j);
            return failed(b, p, text);
        }
        for (size_t i = 0; i < p->count[j]; i++) {
            const float got = b->arrays[j][i], wanted = b->expected[j][i];
            if (same(got, wanted)) continue;
            snprintf(text, sizeof text,
                     "%s: array %d, index %zu: 0x%08" PRIx32 " (%a), the reference has 0x%08" PRIx32 " (%a), before the call 0x%08" PRIx32, what, j,
                     i, gd_float_bits(got), (double)got, gd_float_bits(wanted), (double)wanted, gd_float_bits(p->data[j][i]));
            return failed(b, p, text);
        }
    }
    return 1;
}

static int check_at(bench *b, const gd_problem *p, int offset) {
    char what[60];
    if (offset == GD_FLUSH_END)
        snprintf(what, sizeof what, "flush with the end of a page");
    else
        snprintf(what, sizeof what, "%d floats after the start of a page", offset);
    place(b, p, offset);
    return run_kernel(b, p, NULL, what) && check_arrays(b, p, what);
}

/* The two parts give what the whole gives. */
static int check_split(bench *b, const gd_problem *p, gd_random *random) {
    const char *what = "cut in two";
    gd_problem first = *p, second = *p;
    ptrdiff_t shift[GD_MAX_ARRAYS] = {0};
    p->about->split(p, random, &first, &second, shift);
    place(b, p, (int)gd_random_below(random, OFFSETS));
    return run_kernel(b, &second, shift, what) && run_kernel(b, &first, NULL, what) && check_arrays(b, p, what);
}

/* The elements in another order give the same results in that order: each goes `turn` places on. */
static int check_moved(bench *b, const gd_problem *p, gd_random *random) {
    if (p->n == 0) return 1;
    const size_t turn = (size_t)gd_random_below(random, p->n);
    place(b, p, (int)gd_random_below(random, OFFSETS));
    for (int j = 0; j < p->arrays; j++)
        for (size_t i = 0; i < p->count[j]; i++) b->arrays[j][(i + turn) % p->n] = p->data[j][i];
    if (!run_kernel(b, p, NULL, "elements moved")) return 0;
    for (int j = 0; j < p->arrays; j++)
        for (size_t i = 0; i < p->count[j]; i++)
            if (!same(b->arrays[j][(i + turn) % p->n], b->expected[j][i]))
                return failed(b, p, "an element moved to another index has another result");
    return 1;
}

/* One NaN, infinity or -0 at a time, in each place of each array. */
static int check_lanes(bench *b, gd_problem *p, gd_random *random) {
    static const uint32_t intruders[] = {0x7fc00000, 0xffc00000, 0x7f800000, 0xff800000, 0x80000000};
    for (int j = 0; j < p->arrays; j++) {
        const size_t count = p->count[j] < LANES_CHECKED ? p->count[j] : LANES_CHECKED;
        for (size_t lane = 0; lane < count; lane++) {
            const size_t i = count < p->count[j] ? (size_t)gd_random_below(random, p->count[j]) : lane;
            const float kept = p->data[j][i];
            p->data[j][i] = gd_float_from_bits(intruders[(lane + gd_random_below(random, 2)) % (sizeof intruders / sizeof intruders[0])]);
            expect(b, p);
            if (!check_at(b, p, GD_FLUSH_END)) return 0;
            p->data[j][i] = kept;
        }
    }
    return 1;
}

/* All checks of one problem. Long arrays are placed in a few ways only. */
static int check_problem(bench *b, gd_problem *p) {
    gd_random random = gd_random_make(b->options->seed, "checks", p->n, p->values);
    const int few = b->options->quick || p->n > 5000;
    expect(b, p);
    if (!check_at(b, p, GD_FLUSH_END)) return 0;
    for (int offset = few ? (int)p->n % OFFSETS : 0; offset < OFFSETS; offset += few ? OFFSETS : 1)
        if (!check_at(b, p, offset)) return 0;
    if (p->about->split && !check_split(b, p, &random)) return 0;
    if (p->about->elementwise && !check_moved(b, p, &random)) return 0;
    const int small = p->n <= 20 || p->n == 67;
    return p->values != GD_VALUES_NORMAL || !small || (b->options->quick && p->n != 67) || check_lanes(b, p, &random);
}

static int check_length(bench *b, const gd_case *about, size_t n) {
    if (n < about->least || n > about->greatest) return 1;
    for (int values = 0; values < GD_VALUES_COUNT; values++) {
        gd_problem problem;
        gd_problem_make(&problem, about, n, (gd_values)values, b->options->seed);
        const int ok = check_problem(b, &problem);
        gd_problem_free(&problem);
        if (!ok) return 0;
    }
    return 1;
}

static int check_case(bench *b, const gd_case *about) {
    /* primes; around the block of a sum; as many blocks as show the tree's shape (7 and 11 of them, the last one short) */
    static const size_t longer[] = {71, 127, 251, 509, 1021, 4095, 4096, 4097, 28571, 43003, 100003};
    const size_t lengths = sizeof longer / sizeof longer[0];
    if (b->options->n != SIZE_MAX) return check_length(b, about, b->options->n);
    for (size_t n = 0; n <= 67; n++)
        if (!check_length(b, about, n)) return 0;
    for (size_t i = 0; i < (b->options->quick ? lengths - 2 : lengths); i++)
        if (!check_length(b, about, longer[i])) return 0;
    return 1;
}

static int matches(const options *o, const gd_case *about) { return !o->kernel || fnmatch(o->kernel, about->name, 0) == 0; }

static int chosen(const options *o, const gd_kernels *kernels) { return !o->isa || strcmp(o->isa, kernels->name) == 0; }

static int check_all(const options *o) {
    const gd_kernels *kernels;
    const gd_case *about;
    size_t isas = 0, cases = 0, number = 0, failures = 0;
    for (size_t i = 0; (kernels = gd_kernels_at(i)) != NULL; i++) isas += (size_t)chosen(o, kernels);
    for (size_t i = 0; (about = gd_case_at(i)) != NULL; i++) cases += (size_t)matches(o, about);
    printf("1..%zu\n", isas * cases);
    for (size_t i = 0; (kernels = gd_kernels_at(i)) != NULL; i++) {
        bench b = {.options = o, .kernels = kernels};
        for (size_t j = 0; chosen(o, kernels) && (about = gd_case_at(j)) != NULL; j++) {
            if (!matches(o, about)) continue;
            if (!gd_kernels_runnable(kernels)) {
                printf("ok %zu - %s %s # SKIP this CPU cannot run %s\n", ++number, kernels->name, about->name, kernels->name);
                continue;
            }
            const int ok = check_case(&b, about);
            failures += !ok;
            printf("%s %zu - %s %s\n", ok ? "ok" : "not ok", ++number, kernels->name, about->name);
            fflush(stdout);
            if (failures && o->stop) return EXIT_FAILURE;
        }
        for (int j = 0; j < GD_MAX_ARRAYS; j++) {
            gd_guarded_free(&b.guarded[j]);
            free(b.expected[j]);
        }
    }
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void list(const options *o) {
    const gd_kernels *kernels;
    const gd_case *about;
    for (size_t i = 0; (kernels = gd_kernels_at(i)) != NULL; i++)
        for (size_t j = 0; chosen(o, kernels) && (about = gd_case_at(j)) != NULL; j++)
            if (matches(o, about)) printf("%s %s%s\n", kernels->name, about->name, gd_kernels_runnable(kernels) ? "" : " (not on this CPU)");
}

static void usage(const char *what, const char *value) {
    fprintf(stderr, "checkkern: %s%s\nusage: checkkern [--isa NAME] [--kernel PATTERN] [--n LENGTH] [--seed NUMBER] [--quick] [--stop] [--list]\n",
            what, value);
    exit(EXIT_USAGE);
}

static uint64_t number_of(const char *text, uint64_t greatest) {
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 0);
    if (errno || *end || end == text || *text == '-' || value > greatest) usage("not a number that can be used: ", text);
    return value;
}

static options parse(int argc, char **argv) {
    options o = {.n = SIZE_MAX, .seed = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            o.quick = 1;
        else if (strcmp(argv[i], "--list") == 0)
            o.list = 1;
        else if (strcmp(argv[i], "--stop") == 0)
            o.stop = 1;
        else if (i + 1 == argc)
            usage("unknown option, or one that needs a value: ", argv[i]);
        else if (strcmp(argv[i], "--isa") == 0)
            o.isa = argv[++i];
        else if (strcmp(argv[i], "--kernel") == 0)
            o.kernel = argv[++i];
        else if (strcmp(argv[i], "--n") == 0)
            o.n = (size_t)number_of(argv[++i], GREATEST_N);
        else if (strcmp(argv[i], "--seed") == 0)
            o.seed = number_of(argv[++i], UINT64_MAX);
        else
            usage("unknown option: ", argv[i]);
    }
    return o;
}

/* Every name that was asked for exists. */
static void check_names(const options *o) {
    int isas = 0, cases = 0;
    for (size_t i = 0; gd_kernels_at(i) != NULL; i++) isas += chosen(o, gd_kernels_at(i));
    for (size_t i = 0; gd_case_at(i) != NULL; i++) cases += matches(o, gd_case_at(i));
    if (!isas) usage("this build has no instruction set called ", o->isa);
    if (!cases) usage("no kernel (see --list) matches ", o->kernel);
}

int main(int argc, char **argv) {
    const options o = parse(argc, argv);
    check_names(&o);
    if (!o.list) return check_all(&o);
    list(&o);
    return EXIT_SUCCESS;
}
