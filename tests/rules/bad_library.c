/* A library that breaks every rule of tests/rules/binary.py; compiled by tests/rules/bad.py to show that each of them complains. x86-64. */
#include <stdio.h>

extern __thread int per_thread;
__thread int per_thread = 1;
int counter = 1;
extern const char ballast[1 << 20];
const char ballast[1 << 20] = {1};

/* 160,000 bytes: more than all rules may have. */
__attribute__((used)) static void step_large(void) { __asm__ volatile(".rept 20000\n\t.byte 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0\n\t.endr"); }

int stray_name(int x);
__attribute__((constructor)) static void start(void) { printf("%d %d", counter, per_thread); }

int stray_name(int x) {
    unsigned mode = 0;
    __asm__ volatile("rcpps %%xmm0, %%xmm0\n\tldmxcsr %0\n\tvaddps %%zmm0, %%zmm0, %%zmm0" : : "m"(mode));
    start();
    return x + ballast[x];
}
