/* Messages, the log, and the context's services that fail with a message. */
#include "base/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = sizeof((gradus_context *)0)->message };

/* No struct of the API comes near this: a larger struct_size was never initialised. */
static const size_t largest_struct = 65536;

/* Text that does not fit ends in "...". */
static void format_message(char text[MESSAGE_SIZE], const char *format, va_list arguments) {
    int length = vsnprintf(text, MESSAGE_SIZE, format, arguments);
    if (length < 0) strcpy(text, "a message that could not be formatted");
    if (length >= MESSAGE_SIZE) strcpy(text + MESSAGE_SIZE - 4, "...");
}

gradus_status gd_fail(gradus_context *context, gradus_status status, const char *format, ...) {
    if (context == NULL) return status;
    int kept = errno;
    char text[MESSAGE_SIZE]; /* apart, for the old message may be among the arguments */
    va_list arguments;
    va_start(arguments, format);
    format_message(text, format, arguments);
    va_end(arguments);
    memcpy(context->message, text, sizeof text);
    errno = kept;
    return status;
}

void gd_log_message(gradus_context *context, gradus_log_level level, const char *format, ...) {
    if (context == NULL || context->log == NULL) return;
    int kept = errno;
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    format_message(text, format, arguments);
    va_end(arguments);
    context->log(context->log_user, level, text);
    errno = kept;
}

gradus_status gd_context_allocate(gradus_context *context, size_t size, const char *what, void **memory) {
    *memory = gd_allocate(&context->allocator, size);
    if (*memory == NULL) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: out of memory, %zu bytes", what, size);
    return GRADUS_OK;
}

gradus_status gd_context_scratch(gradus_context *context, size_t size, void **memory) {
    context->plan = NULL;
    if (context->scratch == NULL || context->scratch_size < size) {
        /* First released, then allocated: never both at once. */
        gd_release(&context->allocator, context->scratch, context->scratch_size);
        context->scratch = NULL;
        context->scratch_size = 0;
        gradus_status status = gd_context_allocate(context, size, "scratch", &context->scratch);
        if (status != GRADUS_OK) {
            *memory = NULL;
            return status;
        }
        context->scratch_size = size;
    }
    *memory = context->scratch;
    return GRADUS_OK;
}

gradus_status gd_read_struct(gradus_context *context, const char *name, const void *given, void *known, size_t known_size) {
    if (given == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s is NULL: pass an initialised one", name);
    size_t given_size;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < sizeof given_size || given_size > largest_struct)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: struct_size is %zu, expected its sizeof, such as %zu: call its _init function first",
                       name, given_size, known_size);
    const unsigned char *bytes = given;
    for (size_t i = known_size; i < given_size; i++)
        if (bytes[i] != 0)
            return gd_fail(
                context, GRADUS_UNSUPPORTED,
                "%s: byte %zu is set, but this version of the library knows the first %zu only: use a newer library, or leave newer fields 0", name,
                i, known_size);
    memcpy(known, given, given_size < known_size ? given_size : known_size);
    memcpy(known, &known_size, sizeof known_size);
    return GRADUS_OK;
}

void gd_write_struct(void *given, size_t size, const void *known, size_t known_size) {
    memset(given, 0, size);
    memcpy(given, known, size < known_size ? size : known_size);
    memcpy(given, &size, sizeof size);
}

void gradus_text_release(gradus_context *context, char *text) {
    if (text != NULL) gd_release(&context->allocator, text, strlen(text) + 1);
}
