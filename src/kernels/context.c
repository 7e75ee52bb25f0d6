/* Making and ending contexts: the one place that reads the environment, asks the CPU and picks the kernel table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/phases.h"
#include "base/pool.h"
#include "kernels/dispatch.h"

enum { MAX_THREADS = 256 };

void gradus_context_config_init_sized(gradus_context_config *config, size_t struct_size) {
    memset(config, 0, struct_size);
    config->struct_size = struct_size;
}

static gradus_status set_allocator(gradus_context *context, const gradus_allocator *given) {
    if (!given->allocate != !given->release)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "context: an allocator needs both allocate and release, or neither");
    context->allocator = given->allocate ? *given : gd_default_allocator();
    return GRADUS_OK;
}

static gradus_status set_threads(gradus_context *context, const gradus_context_config *config) {
    if (config->threads > MAX_THREADS)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "context: threads must be 0 (automatic) to %d, not %u", MAX_THREADS,
                       (unsigned)config->threads);
    if (config->executor.parallel) {
        context->threads = config->executor.width ? (uint32_t)(config->executor.width < MAX_THREADS ? config->executor.width : MAX_THREADS) : 1;
        context->threads_reason = "the host's executor";
    } else if (config->pool) {
        context->threads = gd_pool_threads(config->pool);
        context->threads_reason = "the shared pool";
    } else if (config->threads) {
        context->threads = config->threads;
        context->threads_reason = "as asked";
    } else if (!gd_threads_choose(getenv("GRADUS_NUM_THREADS"), getenv("OMP_NUM_THREADS"), &context->threads, &context->threads_reason)) {
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: a number of threads from 1 to %d is expected, not '%s'", context->threads_reason,
                       MAX_THREADS, getenv(context->threads_reason));
    }
    return GRADUS_OK;
}

static gradus_status set_isa(gradus_context *context, const char *name) {
    const char *variable = getenv("GRADUS_ISA");
    if (name) return gd_kernels_choose(context, name, "isa");
    return gd_kernels_choose(context, variable && *variable ? variable : NULL, "GRADUS_ISA");
}

/* Fills `fresh`, a context on the stack: messages need one before there is memory for one. */
static gradus_status prepare(gradus_context *fresh, const gradus_context_config *given, gradus_context_config *config) {
    gradus_context_config_init(config);
    gradus_status status = given ? gd_read_struct(fresh, "gradus_context_config", given, config, sizeof *config) : GRADUS_OK;
    if (status == GRADUS_OK) status = set_allocator(fresh, &config->allocator);
    if (status == GRADUS_OK) status = set_threads(fresh, config);
    if (status == GRADUS_OK) status = set_isa(fresh, config->isa);
    fresh->log = config->log;
    fresh->log_user = config->log_user;
    fresh->executor = config->executor;
    fresh->pool = config->pool;
    fresh->pin_threads = config->pin_threads != 0;
    return status;
}

gradus_status gradus_context_create(const gradus_context_config *given, gradus_context **context) {
    gradus_context fresh;
    gradus_context_config config;
    memset(&fresh, 0, sizeof fresh);
    *context = NULL;
    gradus_status status = prepare(&fresh, given, &config);
    if (status == GRADUS_OK) {
        *context = gd_allocate(&fresh.allocator, sizeof fresh);
        if (!*context) status = gd_fail(&fresh, GRADUS_OUT_OF_MEMORY, "context: out of memory, %zu bytes", sizeof fresh);
    }
    if (status == GRADUS_OK) {
        memcpy(*context, &fresh, sizeof fresh);
        gd_log_message(*context, GRADUS_LOG_DEBUG, "kernels %s, %u threads (%s)", fresh.kernels->name, (unsigned)fresh.threads, fresh.threads_reason);
    } else if (config.message && config.message_size) {
        snprintf(config.message, config.message_size, "%s", fresh.message);
    }
    return status;
}

void gradus_context_destroy(gradus_context *context) {
    if (!context) return;
    gradus_allocator allocator = context->allocator;
    gd_context_threads_close(context);
    gd_release(&allocator, context->scratch, context->scratch_size);
    gd_release(&allocator, context, sizeof *context);
}

const char *gradus_context_message(const gradus_context *context) { return context->message; }

void gradus_interrupt(gradus_context *context) { atomic_store(&context->interrupted, 1); }

const char *gradus_context_isa(const gradus_context *context) { return context->kernels->name; }

uint32_t gradus_context_threads(const gradus_context *context) { return context->threads; }

const char *gradus_context_threads_reason(const gradus_context *context) { return context->threads_reason; }

gradus_status gradus_context_set_isa(gradus_context *context, const char *name) { return gd_kernels_choose(context, name, "isa"); }
