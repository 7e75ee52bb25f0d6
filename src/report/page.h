/* The page: report.html. */
#ifndef GD_REPORT_PAGE_H
#define GD_REPORT_PAGE_H

#include "report/plots.h"

/* Appends the whole page, plots and pictures inside. It asks for nothing from anywhere, and its policy forbids browsers to. */
void gd_page_write(gd_writer *out, const gd_report *report, const gd_plots *plots);

/* The page's parts that are not plots; each writes nothing where the report has nothing for it. */
void gd_page_scores(gd_writer *out, const gd_report *report);
void gd_page_classes(gd_writer *out, const gd_report *report);
void gd_page_mistakes(gd_writer *out, const gd_report *report);
void gd_page_epochs(gd_writer *out, const gd_report *report);
void gd_page_run(gd_writer *out, const gd_report *report);

#endif
