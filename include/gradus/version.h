/* Version numbers of the library and of its arithmetic. The only place where they are written; the build reads them here. */
#ifndef GRADUS_VERSION_H
#define GRADUS_VERSION_H

#define GRADUS_VERSION_MAJOR 0
#define GRADUS_VERSION_MINOR 1
#define GRADUS_VERSION_PATCH 0
#define GRADUS_VERSION "0.1.0"

/* The arithmetic contract (docs/numerics.md). Any change of any bit of any result is a new number. */
#define GRADUS_NUMERICS_VERSION "gradus-numerics/1"

#endif
