/* Zip archives: the directory at their end, and members. Layout: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3. */
#include "data/zip.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/io.h"
#include "data/gzip.h"
#include "format/utf8.h"

enum {
    END_SIZE = 22,
    COMMENT_MOST = 65535,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    LOCAL_SIZE = 30,
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1,
    EXTRA_64 = 1,
    DEFLATE_BEST = 1032 /* bytes from one */
};

static const uint32_t end_magic = 0x06054b50, locator_magic = 0x07064b50, end64_magic = 0x06064b50, member_magic = 0x02014b50,
                      local_magic = 0x04034b50;

static uint16_t read_u16(gd_reader *reader) {
    const uint16_t low = gd_read_u8(reader), high = gd_read_u8(reader);
    return (uint16_t)(low | high << 8);
}

static gradus_status damaged(gradus_context *context, const char *path, const char *what) {
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a whole .npz (zip) archive: %s", path, what);
}

static gd_reader reader_at(const gd_zip *zip, uint64_t at) {
    const size_t from = at <= zip->size ? (size_t)at : zip->size;
    return gd_reader_make(zip->bytes + from, zip->size - from);
}

/* Archives over 4 GB have a second, longer end record, which a locator before the first one tells of. */
static void read_end64(const gd_zip *zip, size_t end, uint64_t *directory, uint64_t *size) {
    if (end < LOCATOR_SIZE) return;
    gd_reader locator = reader_at(zip, end - LOCATOR_SIZE);
    if (gd_read_u32le(&locator) != locator_magic) return;
    (void)gd_read_u32le(&locator);
    gd_reader record = reader_at(zip, gd_read_u64le(&locator));
    if (record.size < END64_SIZE || gd_read_u32le(&record) != end64_magic) return;
    (void)gd_read_bytes(&record, 36);
    *size = gd_read_u64le(&record);
    *directory = gd_read_u64le(&record);
}

gradus_status gd_zip_open(gradus_context *context, const char *path, const uint8_t *bytes, size_t size, gd_zip *zip) {
    *zip = (gd_zip){path, bytes, size, 0, 0};
    const size_t least = size > END_SIZE + COMMENT_MOST ? size - END_SIZE - COMMENT_MOST : 0;
    for (size_t at = size >= END_SIZE ? size - END_SIZE + 1 : 0; at-- > least;) {
        gd_reader reader = reader_at(zip, at);
        if (gd_read_u32le(&reader) != end_magic) continue;
        (void)gd_read_bytes(&reader, 8);
        uint64_t directory_size = gd_read_u32le(&reader), directory = gd_read_u32le(&reader);
        read_end64(zip, at, &directory, &directory_size);
        if (directory > at || directory_size > at - directory) return damaged(context, path, "its list of members is not in it");
        zip->directory = (size_t)directory;
        zip->directory_size = (size_t)directory_size;
        return GRADUS_OK;
    }
    return damaged(context, path, "its end is missing");
}

/* Of sizes and places that do not fit 32 bits the extra field has the real ones, in this order. */
static void read_extra(gd_reader extra, gd_zip_member *member) {
    uint64_t *const wide[] = {&member->size, &member->packed_size, &member->header};
    while (extra.size - extra.at >= 4) {
        const uint16_t kind = read_u16(&extra), size = read_u16(&extra);
        const uint8_t *data = gd_read_bytes(&extra, size);
        if (!data) return;
        if (kind != EXTRA_64) continue;
        gd_reader fields = gd_reader_make(data, size);
        for (int i = 0; i < 3; i++)
            if (*wide[i] == UINT32_MAX) *wide[i] = gd_read_u64le(&fields);
        return;
    }
}

bool gd_zip_next(gradus_context *context, const gd_zip *zip, size_t *at, gd_zip_member *member, gradus_status *status) {
    *status = GRADUS_OK;
    if (*at >= zip->directory_size) return false;
    gd_reader reader = gd_reader_make(zip->bytes + zip->directory + *at, zip->directory_size - *at);
    const uint32_t magic = gd_read_u32le(&reader);
    (void)gd_read_bytes(&reader, 4);
    member->flags = read_u16(&reader);
    member->method = read_u16(&reader);
    (void)gd_read_u32le(&reader);
    member->crc = gd_read_u32le(&reader);
    member->packed_size = gd_read_u32le(&reader);
    member->size = gd_read_u32le(&reader);
    member->name_size = read_u16(&reader);
    const uint16_t extra_size = read_u16(&reader), comment_size = read_u16(&reader);
    (void)gd_read_u64le(&reader);
    member->header = gd_read_u32le(&reader);
    member->name = (const char *)gd_read_bytes(&reader, member->name_size);
    const uint8_t *extra = gd_read_bytes(&reader, extra_size);
    (void)gd_read_bytes(&reader, comment_size);
    if (magic != member_magic || reader.failed) {
        *status = damaged(context, zip->path, "its list of members is damaged");
        return false;
    }
    read_extra(gd_reader_make(extra, extra_size), member);
    *at += reader.at;
    return true;
}

static gradus_status inflate_member(gradus_context *context, const gd_zip *zip, const gd_zip_member *member, const char *name, const uint8_t *packed,
                                    const uint8_t **data) {
    void *memory;
    if (member->size / DEFLATE_BEST > member->packed_size) return damaged(context, zip->path, "a member declares more than its data can hold");
    gradus_status status = gd_context_allocate(context, (size_t)member->size, zip->path, &memory);
    if (status) return status;
    status = gd_inflate(context, zip->path, name, packed, (size_t)member->packed_size, memory, (size_t)member->size, member->crc);
    if (status)
        gd_release(&context->allocator, memory, (size_t)member->size);
    else
        *data = memory;
    return status;
}

gradus_status gd_zip_read(gradus_context *context, const gd_zip *zip, const gd_zip_member *member, const uint8_t **data, size_t *size, bool *owned) {
    gd_reader local = reader_at(zip, member->header);
    const bool begins = gd_read_u32le(&local) == local_magic;
    (void)gd_read_bytes(&local, LOCAL_SIZE - 8);
    const uint16_t name_size = read_u16(&local), extra_size = read_u16(&local);
    (void)gd_read_bytes(&local, (size_t)name_size + extra_size);
    const uint8_t *packed = begins && member->packed_size <= SIZE_MAX ? gd_read_bytes(&local, (size_t)member->packed_size) : NULL;
    char name[64], given[64];
    snprintf(given, sizeof given, "%.*s", (int)gd_least(member->name_size, 60), member->name);
    gd_copy_printable(name, sizeof name, given);
    if (!packed) return damaged(context, zip->path, "a member is not where the list says");
    *size = (size_t)member->size;
    *owned = member->method == DEFLATED;
    if (member->flags & ENCRYPTED) return gd_fail(context, GRADUS_UNSUPPORTED, "%s: %s is encrypted", zip->path, name);
    if (member->method == DEFLATED) return inflate_member(context, zip, member, name, packed, data);
    if (member->method != STORED)
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: %s is packed by method %u; stored and deflated members are read", zip->path, name,
                       (unsigned)member->method);
    if (member->size != member->packed_size) return damaged(context, zip->path, "a stored member has two sizes");
    *data = packed;
    return GRADUS_OK;
}
