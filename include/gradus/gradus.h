/* gradus: optimization steps on CPUs, the same bits everywhere. This header includes the whole public API of libgradus.
 *
 * Throughout: a pointer must not be NULL unless its description says that it may be. Functions are safe on any threads at once as long as no context
 * is used by two of them, and no object is written by one of them (a const object is only read). */
#ifndef GRADUS_GRADUS_H
#define GRADUS_GRADUS_H

#include <gradus/activation.h>
#include <gradus/checkpoint.h>
#include <gradus/context.h>
#include <gradus/dataset.h>
#include <gradus/dense.h>
#include <gradus/initializer.h>
#include <gradus/loss.h>
#include <gradus/matrix.h>
#include <gradus/metrics.h>
#include <gradus/model.h>
#include <gradus/net.h>
#include <gradus/optimizer.h>
#include <gradus/schedule.h>
#include <gradus/schema.h>
#include <gradus/status.h>
#include <gradus/tensor.h>
#include <gradus/train.h>
#include <gradus/version.h>

#endif
