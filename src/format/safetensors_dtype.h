/* The element types of safetensors files and the bytes that a tensor takes. */
#ifndef GD_FORMAT_SAFETENSORS_DTYPE_H
#define GD_FORMAT_SAFETENSORS_DTYPE_H

#include <string.h>

#include "base/memory.h"
#include "format/safetensors.h"

/* Bytes an element, or 0 for a name that is none. */
static inline size_t gd_safetensors_dtype_size(const char *name) {
    static const struct {
        const char *name;
        size_t size;
    } dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
                  {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtypes[i].name, name) == 0) return dtypes[i].size;
    }
    return 0;
}

/* The bytes of a tensor's dtype and shape; false where they are not known or do not fit. */
static inline bool gd_safetensors_tensor_size(const gd_safetensor *tensor, size_t *size) {
    *size = gd_safetensors_dtype_size(tensor->dtype);
    if (*size == 0) return false;
    for (size_t i = 0; i < tensor->dimensions; i++) {
        if (tensor->shape[i] > SIZE_MAX || !gd_size_multiply(*size, (size_t)tensor->shape[i], size)) return false;
    }
    return true;
}

#endif
