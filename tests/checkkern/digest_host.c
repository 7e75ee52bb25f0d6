/* Odd floating-point modes of a host, and what must hold after each public call in one. */
#include "checkkern/digest.h"

#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local uint64_t current; /* the control register's bits but the flags */

static const char *const names[GD_HOST_COUNT] = {"plain", "ftz", "upward", "downward", "zero"};
static const int roundings[GD_HOST_COUNT] = {FE_TONEAREST, FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

const char *gd_host_name(gd_host host) { return host < GD_HOST_COUNT ? names[host] : NULL; }

#if defined(__x86_64__)
enum { CAN_FLUSH = 1 };
static const uint64_t FLUSH = 0x8040, FLAGS = 0x3f; /* MXCSR: FTZ and DAZ. fegetround would look at the x87's mode */
static uint64_t control(void) {
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value) : : "memory");
    return value;
}
static void set_control(uint64_t wanted) {
    const uint32_t value = (uint32_t)wanted;
    __asm__ volatile("ldmxcsr %0" : : "m"(value) : "memory");
}
#elif defined(__aarch64__)
enum { CAN_FLUSH = 1 };
static const uint64_t FLUSH = 1u << 24, FLAGS = 0; /* FPCR: FZ */
static uint64_t control(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value) : : "memory");
    return value;
}
static void set_control(uint64_t value) { __asm__ volatile("msr fpcr, %0" : : "r"(value) : "memory"); }
#else
enum { CAN_FLUSH = 0 };
static const uint64_t FLUSH = 0, FLAGS = 0;
static uint64_t control(void) { return (uint64_t)fegetround(); }
static void set_control(uint64_t value) { (void)value; }
#endif

int gd_host_possible(gd_host host) { return host != GD_HOST_FTZ || CAN_FLUSH; }

void gd_host_enter(gd_host host) {
    fesetround(roundings[host]);
    set_control(host == GD_HOST_FTZ ? control() | FLUSH : control() & ~FLUSH);
    current = control() & ~FLAGS;
}

void gd_host_leave(void) { gd_host_enter(GD_HOST_PLAIN); }

static void check_mode(void) {
    if (!current || (control() & ~FLAGS) == current) return;
    gd_host_leave();
    fprintf(stderr, "gradus-digest: a public function changed the host's floating-point mode\n");
    exit(EXIT_FAILURE);
}

void gd_digest_must(gradus_context *context, gradus_status status) {
    check_mode();
    if (!status) return;
    gd_host_leave();
    fprintf(stderr, "gradus-digest: %s\n", context ? gradus_context_message(context) : "cannot make a context");
    exit(EXIT_FAILURE);
}

int gd_digest_may(gradus_context *context, gradus_status status) {
    if (status != GRADUS_INVALID_ARGUMENT && status != GRADUS_UNSUPPORTED) gd_digest_must(context, status);
    check_mode();
    return status == GRADUS_OK;
}

void *gd_digest_allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) abort();
    return memory;
}
