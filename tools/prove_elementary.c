/* Proof that the elementary functions are correctly rounded: every fp32 input through every kernel table that runs here, against MPFR. Exit 1 if one is
 * not. An input is decided by the C library's fp64 functions if no rounding boundary lies within a band around their value, by MPFR otherwise. --golden
 * prints the digests of tests/golden/elementary.txt, from MPFR alone. Built by `ninja -C build tools/prove_elementary`; needs libmpfr-dev. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mpfr.h>

#include "base/sha256.h"
#include "kernels/dispatch.h"

static const char usage[] = "usage: prove_elementary [--function NAME] [--isa NAME] [--from BITS] [--to BITS] [--threads N]\n"
                            "       prove_elementary --golden\n"
                            "BITS: an input's bit pattern, e.g. 0x3f800000; the range includes both ends. Default: all functions, all tables that "
                            "run here, all inputs, 1 thread.\n";

enum { BLOCK = 4096, MAX_TABLES = 8, MAX_THREADS = 256, SHOWN = 20, PRECISION = 200 };

/* The values that decide: glibc's functions, whose stated errors (its manual, "Known Maximum Errors in Math Functions") are at most 2 units in the last
 * place for exp, log, tanh, expm1, log1p, erf and 5 for erfc, a unit being 2^-52 of the value at most. An error of an argument counts with the
 * function's condition there. The band is what follows, and at least 8 times that. */
static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }                            /* exp, a sum and a quotient: 3 units */
static double softplus(double x) { return fmax(x, 0.0) + log1p(exp(-fabs(x))); }             /* exp with a condition under 1, log1p, a sum: 4 units */
static double silu(double x) { return x == -(double)INFINITY ? -0.0 : x / (1.0 + exp(-x)); } /* as sigmoid; at -inf the limit */
/* The argument is off by 1.5 units of 2^-52; the condition of erfc(a) is under 2a^2 + 2, 202 where the result is not 0 for certain: 308 units, 2^-43.7. */
static double gelu(double x) { return x == -(double)INFINITY ? -0.0 : 0.5 * x * erfc(x * -0x1.6a09e667f3bcdp-1); }
static double rsqrt(double x) { return 1.0 / sqrt(x); } /* 1 unit */

static void mpfr_of_exp(mpfr_t y, mpfr_t x) { mpfr_exp(y, x, MPFR_RNDN); }
static void mpfr_of_log(mpfr_t y, mpfr_t x) { mpfr_log(y, x, MPFR_RNDN); }
static void mpfr_of_tanh(mpfr_t y, mpfr_t x) { mpfr_tanh(y, x, MPFR_RNDN); }
static void mpfr_of_sigmoid(mpfr_t y, mpfr_t x) {
    mpfr_neg(x, x, MPFR_RNDN);
    mpfr_exp(y, x, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    mpfr_ui_div(y, 1, y, MPFR_RNDN);
}
static void mpfr_of_expm1(mpfr_t y, mpfr_t x) { mpfr_expm1(y, x, MPFR_RNDN); }
static void mpfr_of_log1p(mpfr_t y, mpfr_t x) { mpfr_log1p(y, x, MPFR_RNDN); }
static void mpfr_of_softplus(mpfr_t y, mpfr_t x) {
    const int positive = mpfr_sgn(x) > 0;
    mpfr_setsign(y, x, 1, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_log1p(y, y, MPFR_RNDN);
    if (positive) mpfr_add(y, y, x, MPFR_RNDN);
}
static void mpfr_of_erf(mpfr_t y, mpfr_t x) { mpfr_erf(y, x, MPFR_RNDN); }
static void mpfr_of_gelu(mpfr_t y, mpfr_t x) {
    if (mpfr_inf_p(x) && mpfr_signbit(x)) { /* the limit */
        mpfr_set_zero(y, -1);
        return;
    }
    mpfr_sqrt_ui(y, 2, MPFR_RNDN);
    mpfr_div(y, x, y, MPFR_RNDN);
    mpfr_neg(y, y, MPFR_RNDN);
    mpfr_erfc(y, y, MPFR_RNDN);
    mpfr_mul(y, y, x, MPFR_RNDN);
    mpfr_div_2ui(y, y, 1, MPFR_RNDN);
}
static void mpfr_of_rsqrt(mpfr_t y, mpfr_t x) { /* IEEE 754's rSqrt: MPFR's differs at -0 */
    if (mpfr_zero_p(x))
        mpfr_set_inf(y, mpfr_signbit(x) ? -1 : 1);
    else
        mpfr_rec_sqrt(y, x, MPFR_RNDN);
}
static void mpfr_of_silu(mpfr_t y, mpfr_t x) {
    if (mpfr_inf_p(x) && mpfr_signbit(x)) { /* the limit */
        mpfr_set_zero(y, -1);
        return;
    }
    mpfr_neg(y, x, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    mpfr_div(y, x, y, MPFR_RNDN);
}

typedef struct function {
    const char *name;
    int slot; /* in gd_kernels.unary */
    double (*near)(double x);
    double band;                       /* of near's value */
    void (*exact)(mpfr_t y, mpfr_t x); /* may change x */
} function;

#define FUNCTION(NAME, name) {#name, GD_UNARY_##NAME, name, GD_UNARY_##NAME == GD_UNARY_GELU ? 0x1p-40 : 0x1p-47, mpfr_of_##name},
static const function functions[] = {GD_ELEMENTARY_MAP(FUNCTION)};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t to_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static int same(float a, float b) { return to_bits(a) == to_bits(b) || (a != a && b != b); }

/* 200 bits stand for the exact value: no result that is not a float itself comes within 2^-100 of a rounding boundary. */
static float correct(const function *f, float x) {
    mpfr_t argument, value;
    mpfr_inits2(PRECISION, argument, value, (mpfr_ptr)0);
    mpfr_set_flt(argument, x, MPFR_RNDN);
    f->exact(value, argument);
    float result = mpfr_get_flt(value, MPFR_RNDN); /* one rounding, also to subnormals */
    mpfr_clears(argument, value, (mpfr_ptr)0);
    return result;
}

/* The correctly rounded f(x); *hard counts those that fp64 could not decide. */
static float expected(const function *f, float x, uint64_t *hard) {
    const double value = f->near((double)x);
    const float low = (float)(value * (1.0 - f->band)), high = (float)(value * (1.0 + f->band));
    if (same(low, high)) return low;
    ++*hard;
    return correct(f, x);
}

typedef struct proof {
    const function *f;
    const gd_kernels *tables[MAX_TABLES];
    size_t table_count;
    uint64_t from, end; /* bit patterns, end excluded */
    _Atomic uint64_t next;
    _Atomic uint64_t hard;
    _Atomic uint64_t wrong[MAX_TABLES];
} proof;

static void report_wrong(const proof *p, size_t table, float x, float got, float right) {
    if (p->wrong[table] > SHOWN) return;
    printf("misrounded: %s %s(0x%08x = %a) = 0x%08x, correct is 0x%08x\n", p->tables[table]->name, p->f->name, to_bits(x), (double)x, to_bits(got),
           to_bits(right));
}

static void check_block(proof *p, uint64_t begin, size_t count) {
    float x[BLOCK], right[BLOCK], y[BLOCK];
    uint64_t hard = 0;
    for (size_t i = 0; i < count; i++) {
        x[i] = from_bits((uint32_t)(begin + i));
        right[i] = expected(p->f, x[i], &hard);
    }
    p->hard += hard;
    for (size_t t = 0; t < p->table_count; t++) {
        p->tables[t]->unary[p->f->slot](x, y, count);
        for (size_t i = 0; i < count; i++) {
            if (same(y[i], right[i])) continue;
            p->wrong[t]++;
            report_wrong(p, t, x[i], y[i], right[i]);
        }
    }
}

static void *work(void *argument) {
    proof *p = argument;
    for (;;) {
        const uint64_t begin = atomic_fetch_add(&p->next, BLOCK);
        if (begin >= p->end) break;
        check_block(p, begin, p->end - begin < BLOCK ? (size_t)(p->end - begin) : BLOCK);
    }
    mpfr_free_cache();
    return NULL;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Whether all inputs were right. */
static int prove(proof *p, unsigned threads) {
    pthread_t others[MAX_THREADS];
    unsigned started = 0;
    const double start = seconds();
    int right = 1;
    p->next = p->from;
    while (started + 1 < threads && pthread_create(&others[started], NULL, work, p) == 0) started++;
    work(p);
    for (unsigned i = 0; i < started; i++) pthread_join(others[i], NULL);
    for (size_t t = 0; t < p->table_count; t++) {
        printf("%-8s %-7s %llu inputs, %llu misrounded (%llu decided by MPFR)\n", p->f->name, p->tables[t]->name,
               (unsigned long long)(p->end - p->from), (unsigned long long)p->wrong[t], (unsigned long long)p->hard);
        if (p->wrong[t] != 0) right = 0;
    }
    printf("%-8s %.0f s\n", p->f->name, seconds() - start);
    fflush(stdout);
    return right;
}

/* One input in each 4096 neighbours, not always the same one. */
static uint32_t golden_input(uint64_t i) { return (uint32_t)(i * 4096 + i * 2654435761u % 4096); }

static void print_golden(void) {
    enum { INPUTS = 1 << 20 };
    for (size_t k = 0; k < FUNCTIONS; k++) {
        gd_sha256 hash;
        uint8_t digest[32];
        char hex[65];
        gd_sha256_init(&hash);
        for (uint64_t i = 0; i < INPUTS; i++) {
            const float y = correct(&functions[k], from_bits(golden_input(i)));
            gd_sha256_floats(&hash, &y, 1);
        }
        gd_sha256_final(&hash, digest);
        gd_sha256_hex(digest, hex);
        printf("%s %s\n", functions[k].name, hex);
    }
}

static void fail(const char *what, const char *value) {
    fprintf(stderr, "prove_elementary: %s '%s'\n%s", what, value, usage);
    exit(2);
}

static uint64_t number(const char *text, uint64_t most) {
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-' || value > most) fail("not a number in range:", text);
    return value;
}

static void add_tables(proof *p, const char *isa) {
    const gd_kernels *table;
    for (size_t i = 0; (table = gd_kernels_at(i)) != NULL && p->table_count < MAX_TABLES; i++)
        if ((isa == NULL || strcmp(isa, table->name) == 0) && gd_kernels_runnable(table)) p->tables[p->table_count++] = table;
    if (p->table_count == 0) fail("not an instruction set of this build that runs here:", isa);
}

typedef struct options {
    const char *function, *isa; /* NULL: all */
    uint64_t from, to;
    unsigned threads;
} options;

static options read_options(int argc, char **argv) {
    options o = {.to = UINT32_MAX, .threads = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) fail("unknown argument, or one without a value:", argv[i]);
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--function") == 0)
            o.function = value;
        else if (strcmp(argv[i], "--isa") == 0)
            o.isa = value;
        else if (strcmp(argv[i], "--from") == 0)
            o.from = number(value, UINT32_MAX);
        else if (strcmp(argv[i], "--to") == 0)
            o.to = number(value, UINT32_MAX);
        else if (strcmp(argv[i], "--threads") == 0)
            o.threads = (unsigned)number(value, MAX_THREADS);
        else
            fail("unknown argument", argv[i]);
    }
    if (o.from > o.to) fail("--from is greater than --to:", "no inputs");
    return o;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--golden") == 0) {
        print_golden();
        return 0;
    }
    const options o = read_options(argc, argv);
    size_t matched = 0;
    int right = 1;
    for (size_t k = 0; k < FUNCTIONS; k++) {
        proof p = {.f = &functions[k], .from = o.from, .end = o.to + 1};
        if (o.function != NULL && strcmp(o.function, functions[k].name) != 0) continue;
        matched++;
        add_tables(&p, o.isa);
        right &= prove(&p, o.threads);
    }
    if (matched == 0) fail("unknown function", o.function);
    return right ? 0 : 1;
}
