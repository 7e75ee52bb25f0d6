/* CRC-64/XZ: a check against accidents (flipped bits, lost pieces) several times as fast as SHA-256. */
#ifndef GD_BASE_CRC64_H
#define GD_BASE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* The check of all bytes: polynomial 0x42f0e1eba9ea3693 (ECMA-182) reflected, start and end inverted; of "123456789" it is 0x995dc9bbdf1939fa. Any
 * change within 64 bits in a row changes it. */
uint64_t gd_crc64(const void *data, size_t size);

#endif
