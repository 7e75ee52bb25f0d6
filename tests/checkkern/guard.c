/* Memory that notices who leaves it. */
#include "checkkern/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MARGIN = 256, PATTERN = 0xff }; /* 0xffffffff is a NaN */

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static void grow(gd_guarded *guarded, size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    gd_guarded_free(guarded);
    guarded->capacity = (bytes + page - 1) / page * page;
    guarded->mapping = mmap(NULL, guarded->capacity + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guarded->mapping == MAP_FAILED) fail("checkkern: mmap");
    guarded->mapping += page;
    if (mprotect(guarded->mapping, guarded->capacity, PROT_READ | PROT_WRITE) != 0) fail("checkkern: mprotect");
}

void gd_guarded_free(gd_guarded *guarded) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (guarded->mapping) munmap(guarded->mapping - page, guarded->capacity + 2 * page);
    guarded->mapping = NULL;
}

/* The bytes of the pattern before and after the array. */
static size_t before(const gd_guarded *g) {
    const size_t room = (size_t)((uint8_t *)g->array - g->mapping);
    return room < MARGIN ? room : MARGIN;
}

static size_t after(const gd_guarded *g) {
    const size_t room = (size_t)(g->mapping + g->capacity - (uint8_t *)(g->array + g->count));
    return room < MARGIN ? room : MARGIN;
}

float *gd_guarded_place(gd_guarded *g, const float *data, size_t count, int offset) {
    const size_t bytes = count * sizeof(float);
    if (!g->mapping || g->capacity < bytes + MARGIN) grow(g, 2 * bytes + MARGIN);
    g->array = (float *)(void *)(offset == GD_FLUSH_END ? g->mapping + g->capacity - bytes : g->mapping + (size_t)offset * sizeof(float));
    g->count = count;
    if (count) memcpy(g->array, data, bytes);
    memset((uint8_t *)g->array - before(g), PATTERN, before(g));
    memset(g->array + count, PATTERN, after(g));
    return g->array;
}

static int is_pattern(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != PATTERN) return 0;
    return 1;
}

int gd_guarded_intact(const gd_guarded *g) {
    return is_pattern((const uint8_t *)g->array - before(g), before(g)) && is_pattern((const uint8_t *)(g->array + g->count), after(g));
}

static sigjmp_buf resume;

static void jump_back(int number) { siglongjmp(resume, number); }

int gd_guarded_call(void (*function)(void *), void *argument) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    enum { SIGNALS = sizeof signals / sizeof signals[0] };
    static int ready;
    if (!ready) {
        struct sigaction action = {.sa_handler = jump_back};
        for (int i = 0; i < SIGNALS; i++)
            if (sigaction(signals[i], &action, NULL) != 0) fail("checkkern: sigaction");
        ready = 1;
    }
    const int number = sigsetjmp(resume, 1);
    if (number == 0) function(argument);
    return number;
}
