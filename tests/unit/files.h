/* What the tests of file formats share: a file in a folder of its own, safetensors files of any header, contexts whose memory is counted. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

#include "counting.h"

static inline gradus_context *counting_context(counting *counter) {
    gradus_context_config config = counting_config(counter, 1);
    gradus_context *context;
    cr_assert_eq(gradus_context_create(&config, &context), GRADUS_OK);
    return context;
}

struct file {
    char folder[64], path[128];
};

static inline struct file make_file(void) {
    struct file file;
    strcpy(file.folder, "/tmp/gradus-format-XXXXXX");
    cr_assert_not_null(mkdtemp(file.folder));
    snprintf(file.path, sizeof file.path, "%s/file.safetensors", file.folder);
    return file;
}

static inline void put(const struct file *file, const void *bytes, size_t size) {
    FILE *out = fopen(file->path, "wb");
    cr_assert_not_null(out);
    cr_assert_eq(fwrite(bytes, 1, size, out), size);
    cr_assert_eq(fclose(out), 0);
}

static inline void drop(const struct file *file) {
    unlink(file->path);
    rmdir(file->folder);
}

/* A file of this header text and so many bytes of data. */
static inline void put_header(const struct file *file, const char *header, size_t data) {
    gradus_allocator allocator = gd_default_allocator();
    gd_writer out = gd_writer_make(&allocator);
    gd_write_u64le(&out, strlen(header));
    gd_write_text(&out, header);
    for (size_t i = 0; i < data; i++) gd_write_bytes(&out, "", 1);
    put(file, out.data, out.size);
    gd_writer_free(&out);
}

#endif
