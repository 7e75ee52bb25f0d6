/* gradus-digest: one SHA-256 for each kernel over fixed pseudo-random problems, for the functions beside the kernels that results depend on, and for
 * the public functions, called by a host in an odd floating-point mode or by eight threads at once.
 * Two builds (compilers, optimisation levels), instruction sets, thread counts or hosts that compute the same bits print the same lines. Needs libc,
 * libm and pthread only. */
#include "checkkern/digest.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/phases.h"
#include "kernels/dispatch.h"

enum { EXIT_USAGE = 2, CALLERS = 8, GREATEST_THREADS = 256, PARTS = 4 };

typedef struct options {
    const char *isa;
    uint32_t threads;
    gd_host host;
    int eight_threads, brief;
} options;

/* One host thread's contexts and what it computed. */
typedef struct caller {
    const options *options;
    const gd_kernels *kernels;
    const gradus_dataset *images;
    gradus_pool *pool; /* NULL: its own */
    gd_host host;
    int part; /* 0 .. PARTS-1: that part of the brief form; -1: all */
    gd_digests digests;
} caller;

void gd_digests_add(gd_digests *digests, gd_sha256 *hash, const char *format, ...) {
    uint8_t digest[32];
    va_list arguments;
    digests->lines = realloc(digests->lines, (digests->count + 1) * sizeof *digests->lines);
    if (!digests->lines) abort();
    gd_digest_line *line = &digests->lines[digests->count++];
    gd_sha256_final(hash, digest);
    gd_sha256_hex(digest, line->hex);
    va_start(arguments, format);
    vsnprintf(line->name, sizeof line->name, format, arguments);
    va_end(arguments);
}

void gd_hash_u64(gd_sha256 *hash, uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    gd_sha256_update(hash, bytes, sizeof bytes);
}

void gd_hash_double(gd_sha256 *hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    gd_hash_u64(hash, value == value ? bits : UINT64_C(0x7ff8000000000000));
}

static gradus_context *make_context(const caller *c) {
    gradus_context *context = NULL;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.isa = c->kernels->name;
    config.threads = c->options->threads;
    config.pool = c->pool;
    gd_digest_must(NULL, gradus_context_create(&config, &context));
    return context;
}

static int does(const caller *c, int part) { return c->part < 0 || c->part == part; }

/* In the caller's mode from the first call to the last. */
static void *call_public(void *argument) {
    caller *c = argument;
    gd_host_enter(c->host);
    gradus_context *context = make_context(c);
    if (does(c, 0)) gd_digest_products(context, c->options->brief, &c->digests);
    if (does(c, 1)) gd_digest_steps(context, c->options->brief, &c->digests);
    if (does(c, 2)) gd_digest_nets(context, c->options->brief, &c->digests);
    if (does(c, 3)) gd_digest_trainings(context, c->images, &c->digests);
    if (!c->options->brief) gd_digest_digits(context, &c->digests);
    gradus_context_destroy(context);
    gd_host_leave();
    return NULL;
}

static void print(const gd_digests *digests) {
    for (size_t i = 0; i < digests->count; i++) printf("%s  %s\n", digests->lines[i].hex, digests->lines[i].name);
    fflush(stdout);
}

static void fail(const char *what, const char *which) {
    fprintf(stderr, "gradus-digest: %s%s\n", what, which);
    exit(EXIT_FAILURE);
}

static void compare(const gd_digests *a, const gd_digests *b) {
    if (a->count != b->count) fail("two of the eight threads took different things to be valid", "");
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->lines[i].hex, b->lines[i].hex) != 0) fail("two of the eight threads differ in ", a->lines[i].name);
}

/* Eight threads at once, each in a mode of its own; every other one on a pool that they share. In the brief form two of them do a part each. */
static void eight_callers(const caller *about) {
    pthread_t threads[CALLERS];
    caller callers[CALLERS];
    gradus_pool *shared = NULL;
    gradus_context *context = make_context(about);
    gd_digest_must(context, gradus_pool_create(context, about->options->threads, 0, &shared));
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = *about;
        callers[i].pool = i % 2 ? shared : NULL;
        callers[i].part = about->options->brief ? i / (CALLERS / PARTS) : -1;
        callers[i].host = (gd_host)(i % GD_HOST_COUNT);
        if (!gd_host_possible(callers[i].host)) callers[i].host = GD_HOST_PLAIN;
        if (pthread_create(&threads[i], NULL, call_public, &callers[i])) fail("cannot start eight threads", "");
    }
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    print(&callers[0].digests);
    for (int i = 1, first = 0; i < CALLERS; i++) {
        if (callers[i].part != callers[first].part) print(&callers[first = i].digests);
        compare(&callers[first].digests, &callers[i].digests);
    }
    for (int i = 0; i < CALLERS; i++) free(callers[i].digests.lines);
    gradus_pool_destroy(shared);
    gradus_context_destroy(context);
}

static void digest_public(const options *o, const gd_kernels *kernels) {
    caller c = {.options = o, .kernels = kernels, .host = o->host, .part = -1};
    gradus_context *context = make_context(&c);
    gradus_dataset *images = gd_digest_images(context);
    c.images = images;
    if (o->threads > 1) gd_phases_test_mode(1); /* however small the work is, and in any order */
    if (o->eight_threads) {
        eight_callers(&c);
    } else {
        call_public(&c);
        print(&c.digests);
        free(c.digests.lines);
    }
    gradus_dataset_destroy(context, images);
    gradus_context_destroy(context);
}

static void usage(const char *what, const char *value) {
    fprintf(stderr,
            "gradus-digest: %s%s\n"
            "usage: gradus-digest [--isa NAME] [--threads N] [--host plain|ftz|upward|downward|zero|eight-threads] [--brief]\n"
            "--isa: without a name, the fastest that runs here. --threads: of the public functions' pool, default 2. --host: the floating-point\n"
            "mode that the public functions are called in, default upward; or eight threads at once, each in one of these. --brief: without the\n"
            "kernels and the digits, with less of the rest; of eight threads two do a part each.\n"
            "exit: 0 done, 1 a call failed, 2 wrong usage, or this machine cannot run that\n",
            what, value);
    exit(EXIT_USAGE);
}

static const gd_kernels *choose(const char *name) {
    const gd_kernels *best = NULL;
    for (size_t i = 0; gd_kernels_at(i) != NULL; i++) {
        const gd_kernels *kernels = gd_kernels_at(i);
        if (name && strcmp(name, kernels->name) != 0) continue;
        if (gd_kernels_runnable(kernels))
            best = kernels;
        else if (name)
            usage("this CPU cannot run ", name);
    }
    if (!best) usage("this build has no instruction set called ", name ? name : "");
    return best;
}

static gd_host host_of(const char *name) {
    for (int host = 0; host < GD_HOST_COUNT; host++) {
        if (strcmp(name, gd_host_name((gd_host)host)) != 0) continue;
        if (!gd_host_possible((gd_host)host)) usage("this machine has no mode ", name);
        return (gd_host)host;
    }
    usage("there is no host called ", name);
    return GD_HOST_PLAIN;
}

static options parse(int argc, char **argv) {
    options o = {.threads = 2, .host = GD_HOST_UPWARD};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--brief") == 0) {
            o.brief = 1;
        } else if (i + 1 == argc) {
            usage("unknown option, or one that needs a value: ", argv[i]);
        } else if (strcmp(argv[i], "--isa") == 0) {
            o.isa = argv[++i];
        } else if (strcmp(argv[i], "--threads") == 0) {
            o.threads = (uint32_t)strtoul(argv[++i], NULL, 10);
            if (o.threads < 1 || o.threads > GREATEST_THREADS) usage("1 to 256 threads, not ", argv[i]);
        } else if (strcmp(argv[i], "--host") == 0) {
            o.eight_threads = strcmp(argv[++i], "eight-threads") == 0;
            o.host = o.eight_threads ? GD_HOST_PLAIN : host_of(argv[i]);
        } else {
            usage("unknown option: ", argv[i]);
        }
    }
    return o;
}

int main(int argc, char **argv) {
    const options o = parse(argc, argv);
    const gd_kernels *kernels = choose(o.isa);
    gd_digests digests = {0};
    if (!o.brief) gd_digest_kernels(kernels, &digests);
    print(&digests);
    free(digests.lines);
    digest_public(&o, kernels);
    return EXIT_SUCCESS;
}
