/* The plots of a report, by kind. Each adds those that the report has data for; memory that runs out shows in the plots' writers. */
#ifndef GD_REPORT_PLOTS_H
#define GD_REPORT_PLOTS_H

#include "report/plot.h"
#include "report/report.h"

enum { GD_CONFUSION_CLASSES = 256 }; /* of more classes no matrix is drawn */

/* Over the epochs: loss, each metric, learning rate. False: out of memory. */
bool gd_plots_curves(gd_plots *plots, const gradus_allocator *allocator, const gd_report_history *history);

void gd_plots_confusion(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report);

/* Of a regression: the fitted line over the samples, predicted against true. */
void gd_plots_regression(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report);

/* A class's name, or its number printed to text. */
const char *gd_class_name(const gd_report_classes *classes, size_t k, char text[24]);

#endif
