/* Linkage of the public functions; included by every public header, never needed by a user. */
#ifndef GRADUS_EXPORT_H
#define GRADUS_EXPORT_H

#if defined(__GNUC__)
#define GRADUS_API __attribute__((visibility("default")))
#else
#define GRADUS_API
#endif

#ifdef __cplusplus
#define GRADUS_BEGIN_DECLS extern "C" {
#define GRADUS_END_DECLS }
#else
#define GRADUS_BEGIN_DECLS
#define GRADUS_END_DECLS
#endif

#endif
