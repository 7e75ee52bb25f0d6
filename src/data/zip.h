/* Zip archives in memory, as far as .npz files need them: members stored or deflated, zip64. Trusts nothing. */
#ifndef GD_DATA_ZIP_H
#define GD_DATA_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

typedef struct gd_zip {
    const char *path;
    const uint8_t *bytes;
    size_t size;
    size_t directory, directory_size; /* where the list of members lies */
} gd_zip;

typedef struct gd_zip_member {
    const char *name; /* not ended by a 0 */
    size_t name_size;
    uint16_t flags, method;
    uint32_t crc;
    uint64_t packed_size, size, header; /* header: where the member begins */
} gd_zip_member;

/* Finds the archive's directory. Errors: BAD_DATA. */
gradus_status gd_zip_open(gradus_context *context, const char *path, const uint8_t *bytes, size_t size, gd_zip *zip);

/* The member at *at, an offset into the directory, 0 to begin, which moves on; false at the end. *status: BAD_DATA where it is damaged. */
bool gd_zip_next(gradus_context *context, const gd_zip *zip, size_t *at, gd_zip_member *member, gradus_status *status);

/* A member's content: in the archive, or (*owned: *size bytes to release) inflated. Errors: BAD_DATA, UNSUPPORTED (encrypted, another method),
 * OUT_OF_MEMORY. */
gradus_status gd_zip_read(gradus_context *context, const gd_zip *zip, const gd_zip_member *member, const uint8_t **data, size_t *size, bool *owned);

#endif
