/* An allocator for tests: every block on record, released with the size and alignment it was asked with, and any allocation can be refused. */
#ifndef TESTS_COUNTING_H
#define TESTS_COUNTING_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <gradus/gradus.h>

enum { MOST_BLOCKS = 256 };

typedef struct counting {
    struct {
        void *memory;
        size_t size, alignment;
    } blocks[MOST_BLOCKS];
    size_t live, live_bytes, greatest; /* blocks and bytes held; the largest block asked for so far */
    size_t asked, refuse_at;           /* allocations asked for so far; the one to refuse, counted from 1 (0: none) */
    bool refused;
    char wrong[96]; /* "" or what was wrong */
} counting;

static inline void *count_allocate(void *user, size_t size, size_t alignment) {
    counting *c = user;
    size_t at = 0;
    if (size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > (size_t)2 << 20)
        strcpy(c->wrong, "a size or alignment against the rules");
    if (++c->asked == c->refuse_at) {
        c->refused = true;
        return NULL;
    }
    while (at < MOST_BLOCKS && c->blocks[at].memory) at++;
    if (at == MOST_BLOCKS) return NULL;
    void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (!memory) return NULL;
    memset(memory, 0xa5, size); /* whoever wants zeros must write them */
    c->blocks[at].memory = memory;
    c->blocks[at].size = size;
    c->blocks[at].alignment = alignment;
    c->live++;
    c->live_bytes += size;
    if (size > c->greatest) c->greatest = size;
    return memory;
}

static inline void count_release(void *user, void *memory, size_t size, size_t alignment) {
    counting *c = user;
    size_t at = 0;
    while (at < MOST_BLOCKS && c->blocks[at].memory != memory) at++;
    if (!memory || at == MOST_BLOCKS) {
        strcpy(c->wrong, "released what was never allocated");
        return;
    }
    if (c->blocks[at].size != size) strcpy(c->wrong, "released with another size");
    if (c->blocks[at].alignment != alignment) strcpy(c->wrong, "released with another alignment");
    c->blocks[at].memory = NULL;
    c->live--;
    c->live_bytes -= size;
    free(memory);
}

/* A config whose context uses this allocator. */
static inline gradus_context_config counting_config(counting *c, uint32_t threads) {
    gradus_context_config config;
    memset(c, 0, sizeof *c);
    gradus_context_config_init(&config);
    config.threads = threads;
    config.allocator = (gradus_allocator){c, count_allocate, count_release};
    return config;
}

/* Everything is given back, and as it should be. */
static inline void counting_check(const counting *c) {
    cr_assert_str_eq(c->wrong, "");
    cr_assert_eq(c->live, 0, "%zu blocks, %zu bytes were not released", c->live, c->live_bytes);
}

#endif
