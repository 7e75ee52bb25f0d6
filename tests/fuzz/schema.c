/* Fuzzes schemas' texts: one that is read is written, and what is written is read. */
#include <string.h>

#include "fuzz.h"

/* Caller frees. */
static char *text_of(const gradus_schema *schema, size_t *size) {
    if (gradus_schema_write(fuzz_context(), schema, NULL, 0, size) != GRADUS_OK) abort();
    char *text = malloc(*size);
    if (gradus_schema_write(fuzz_context(), schema, text, *size, size) != GRADUS_OK) abort();
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t sizes[2];
    gradus_schema *schema, *again;
    if (gradus_schema_parse(fuzz_context(), (const char *)data, size, &schema) != GRADUS_OK) return 0;
    char *first = text_of(schema, &sizes[0]);
    if (gradus_schema_parse(fuzz_context(), first, sizes[0] - 1, &again) != GRADUS_OK) abort();
    char *second = text_of(again, &sizes[1]);
    if (sizes[0] != sizes[1] || memcmp(first, second, sizes[0]) != 0) abort();
    gradus_schema_destroy(fuzz_context(), schema);
    gradus_schema_destroy(fuzz_context(), again);
    free(first);
    free(second);
    return 0;
}
