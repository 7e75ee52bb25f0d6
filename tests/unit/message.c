/* Statuses, messages, the log, memory, versioned structs. */
#include "base/context.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradus/version.h>

static gradus_context make_context(void) { return (gradus_context){.allocator = gd_default_allocator()}; }

Test(message, status_names_and_texts) {
    cr_expect_str_eq(gradus_status_name(GRADUS_OK), "GRADUS_OK");
    cr_expect_str_eq(gradus_status_text(GRADUS_OK), "success");
    cr_expect_str_eq(gradus_status_name(-6), "GRADUS_NOT_FINITE");
    cr_expect_str_eq(gradus_status_text(GRADUS_OUT_OF_MEMORY), "out of memory");
    for (gradus_status status = 0; status > -8; status--) cr_expect_str_neq(gradus_status_name(status), "GRADUS_UNKNOWN");
    const gradus_status unknown[] = {1, -8, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_str_eq(gradus_status_name(unknown[i]), "GRADUS_UNKNOWN");
        cr_expect_str_eq(gradus_status_text(unknown[i]), "unknown status");
    }
    cr_expect_str_eq(gradus_version(), GRADUS_VERSION);
    cr_expect_str_eq(gradus_numerics_version(), GRADUS_NUMERICS_VERSION);
}

Test(message, fail_formats_and_keeps_errno) {
    gradus_context context = make_context();
    errno = ERANGE;
    cr_expect_eq(gd_fail(&context, GRADUS_IO, "%s: %d", "file", 7), GRADUS_IO);
    cr_expect_eq(errno, ERANGE);
    cr_expect_str_eq(context.message, "file: 7");
    gd_fail(&context, GRADUS_IO, "reading: %s", context.message); /* the message as its own argument */
    cr_expect_str_eq(context.message, "reading: file: 7");
    cr_expect_eq(gd_fail(NULL, GRADUS_BAD_DATA, "%d", 1), GRADUS_BAD_DATA);
}

Test(message, a_long_message_is_cut_with_dots) {
    gradus_context context = make_context();
    enum { ROOM = sizeof context.message };
    char text[2 * ROOM];
    memset(text, 'x', sizeof text);
    text[ROOM - 1] = 0;
    gd_fail(&context, GRADUS_IO, "%s", text);
    cr_expect_str_eq(context.message, text, "what just fits is not cut");
    text[ROOM - 1] = 'x';
    text[2 * ROOM - 1] = 0;
    gd_fail(&context, GRADUS_IO, "%s", text);
    cr_expect_eq(strlen(context.message), ROOM - 1);
    cr_expect_str_eq(context.message + ROOM - 6, "xx...");
}

typedef struct record {
    int calls;
    gradus_log_level level;
    char text[100];
} record;

static void keep(void *user, gradus_log_level level, const char *message) {
    record *kept = user;
    kept->calls++;
    kept->level = level;
    strncpy(kept->text, message, sizeof kept->text - 1);
    errno = EPERM;
}

Test(message, log) {
    gradus_context context = make_context();
    record kept = {0};
    gd_log_message(&context, GRADUS_LOG_INFO, "nobody listens %d", 1);
    gd_log_message(NULL, GRADUS_LOG_INFO, "no context");
    context.log = keep;
    context.log_user = &kept;
    errno = ERANGE;
    gd_log_message(&context, GRADUS_LOG_DEBUG, "%u threads", 2u);
    cr_expect_eq(errno, ERANGE);
    cr_expect_eq(kept.calls, 1);
    cr_expect_eq(kept.level, GRADUS_LOG_DEBUG);
    cr_expect_str_eq(kept.text, "2 threads");
    cr_expect_str_eq(context.message, "", "the log is not the message");
}

Test(memory, sizes) {
    const size_t top = SIZE_MAX, root = (size_t)1 << (sizeof(size_t) * 4);
    const struct {
        size_t a, b;
        bool fits;
    } products[] = {{0, top, true},          {top, 0, true},      {1, top, true},         {top, 1, true},   {2, top / 2, true},
                    {2, top / 2 + 1, false}, {root, root, false}, {root, root - 1, true}, {top, top, false}},
      sums[] = {{0, top, true}, {top, 0, true}, {1, top, false}, {top, top, false}, {top / 2, top / 2 + 1, true}, {3, 4, true}};
    size_t result;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        cr_expect_eq(gd_size_multiply(products[i].a, products[i].b, &result), products[i].fits, "product %zu", i);
        cr_expect_eq(result, products[i].fits ? products[i].a * products[i].b : SIZE_MAX, "product %zu", i);
    }
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        cr_expect_eq(gd_size_add(sums[i].a, sums[i].b, &result), sums[i].fits, "sum %zu", i);
        cr_expect_eq(result, sums[i].fits ? sums[i].a + sums[i].b : SIZE_MAX, "sum %zu", i);
    }
    cr_expect_eq(gd_round_up(0, 64), 0u);
    cr_expect_eq(gd_round_up(65, 64), 128u);
    cr_expect_eq(gd_round_up(6, 3), 6u);
}

Test(memory, default_allocator) {
    gradus_allocator allocator = gd_default_allocator();
    const size_t sizes[] = {0, 1, 63, 64, 65, 4096, ((size_t)4 << 20) - 1, (size_t)4 << 20, ((size_t)5 << 20) + 3};
    errno = ERANGE;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *memory = gd_allocate_zeroed(&allocator, sizes[i]);
        cr_assert(memory != NULL);
        cr_expect_eq((uintptr_t)memory % (sizes[i] >= (size_t)4 << 20 ? (size_t)2 << 20 : 64), 0u, "%zu bytes", sizes[i]);
        for (size_t j = 0; j < sizes[i]; j += 61) cr_assert_eq(memory[j], 0);
        memset(memory, 1, sizes[i]);
        gd_release(&allocator, memory, sizes[i]);
    }
    gd_release(&allocator, NULL, 10);
    cr_expect_eq(errno, ERANGE);
    cr_expect_null(gd_allocate(&allocator, SIZE_MAX));
}

/* A host's allocator that checks what it gets back, and gives nothing above its limit. */
typedef struct host {
    size_t limit, calls, live, wrong;
    struct {
        void *memory;
        size_t size, alignment;
    } blocks[8];
} host;

static void *host_allocate(void *user, size_t size, size_t alignment) {
    host *h = user;
    h->calls++;
    if (size == 0 || size > h->limit || h->live == 8) return NULL;
    void *memory = aligned_alloc(alignment, gd_round_up(size, alignment));
    h->blocks[h->live].memory = memory;
    h->blocks[h->live].size = size;
    h->blocks[h->live++].alignment = alignment;
    return memory;
}

static void host_release(void *user, void *memory, size_t size, size_t alignment) {
    host *h = user;
    size_t i = 0;
    while (i < h->live && h->blocks[i].memory != memory) i++;
    if (i == h->live || h->blocks[i].size != size || h->blocks[i].alignment != alignment) {
        h->wrong++;
        return;
    }
    h->blocks[i] = h->blocks[--h->live];
    free(memory);
}

Test(memory, hosts_hooks_get_back_what_they_gave) {
    host h = {.limit = (size_t)10 << 20};
    gradus_allocator allocator = {&h, host_allocate, host_release};
    const size_t sizes[] = {0, 1, 100, (size_t)4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *memory = gd_allocate(&allocator, sizes[i]);
        cr_assert(memory != NULL, "%zu bytes", sizes[i]);
        gd_release(&allocator, memory, sizes[i]);
    }
    cr_expect_null(gd_allocate(&allocator, (size_t)11 << 20));
    cr_expect_null(gd_allocate_zeroed(&allocator, (size_t)11 << 20));
    cr_expect_eq(h.live, 0u);
    cr_expect_eq(h.wrong, 0u);
}

Test(memory, scratch_grows_and_survives_failure) {
    host h = {.limit = 1000};
    gradus_context context = {.allocator = {&h, host_allocate, host_release}};
    void *first, *second;
    cr_expect_eq(gd_context_scratch(&context, 100, &first), GRADUS_OK);
    cr_expect_eq(gd_context_scratch(&context, 50, &second), GRADUS_OK);
    cr_expect_eq(first, second, "what is large enough stays");
    cr_expect_eq(h.calls, 1u);
    cr_expect_eq(gd_context_scratch(&context, 500, &second), GRADUS_OK);
    cr_expect_eq(h.live, 1u);
    cr_expect_eq(gd_context_scratch(&context, 5000, &second), GRADUS_OUT_OF_MEMORY);
    cr_expect_null(second);
    cr_expect_str_eq(context.message, "scratch: out of memory, 5000 bytes");
    cr_expect_eq(gd_context_scratch(&context, 0, &second), GRADUS_OK);
    cr_expect(second != NULL);
    gd_release(&context.allocator, context.scratch, context.scratch_size);
    cr_expect_eq(h.live, 0u);
    cr_expect_eq(h.wrong, 0u);
    cr_expect_eq(gd_context_allocate(&context, SIZE_MAX, "the net's weights", &first), GRADUS_OUT_OF_MEMORY);
    cr_expect_null(first);
    cr_expect(strstr(context.message, "the net's weights: out of memory, ") == context.message);
}

typedef struct known {
    size_t struct_size;
    uint64_t a, b, c;
} known;

typedef struct newer {
    known known;
    uint64_t d;
    uint8_t e[8];
} newer;

static const known defaults = {sizeof(known), 1, 2, 3};

static void expect_known(const known *got, uint64_t a, uint64_t b, uint64_t c) {
    cr_expect(got->struct_size == sizeof(known) && got->a == a && got->b == b && got->c == c, "%zu %d %d %d", got->struct_size, (int)got->a,
              (int)got->b, (int)got->c);
}

Test(read_struct, equal_shorter_longer) {
    gradus_context context = make_context();
    known config = defaults, given = {sizeof given, 10, 20, 30};
    cr_expect_eq(gd_read_struct(&context, "config", &given, &config, sizeof config), GRADUS_OK);
    expect_known(&config, 10, 20, 30);

    config = defaults;
    given.struct_size = offsetof(known, c); /* from before c was there; its memory ends there */
    void *older = malloc(given.struct_size);
    memcpy(older, &given, given.struct_size);
    cr_expect_eq(gd_read_struct(&context, "config", older, &config, sizeof config), GRADUS_OK);
    expect_known(&config, 10, 20, 3);
    free(older);

    config = defaults;
    given.struct_size = sizeof given.struct_size;
    cr_expect_eq(gd_read_struct(&context, "config", &given, &config, sizeof config), GRADUS_OK);
    expect_known(&config, 1, 2, 3);

    config = defaults;
    newer longer = {{sizeof longer, 10, 20, 30}, 0, {0}};
    cr_expect_eq(gd_read_struct(&context, "config", &longer, &config, sizeof config), GRADUS_OK);
    expect_known(&config, 10, 20, 30);
}

Test(read_struct, refused) {
    gradus_context context = make_context();
    known config = defaults;
    for (size_t i = 0; i < 16; i++) {
        newer longer = {{sizeof longer, 10, 20, 30}, 0, {0}};
        ((unsigned char *)&longer)[sizeof(known) + i] = 1;
        cr_expect_eq(gd_read_struct(&context, "config", &longer, &config, sizeof config), GRADUS_UNSUPPORTED);
        char offset[32];
        snprintf(offset, sizeof offset, "config: byte %zu ", sizeof(known) + i);
        cr_expect(strstr(context.message, offset) == context.message, "%s", context.message);
    }
    const size_t sizes[] = {0, 1, sizeof(size_t) - 1, 65537, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        known given = {sizes[i], 10, 20, 30};
        cr_expect_eq(gd_read_struct(&context, "config", &given, &config, sizeof config), GRADUS_INVALID_ARGUMENT, "struct_size %zu", sizes[i]);
    }
    cr_expect_eq(gd_read_struct(&context, "config", NULL, &config, sizeof config), GRADUS_INVALID_ARGUMENT);
    expect_known(&config, 1, 2, 3);
}
