/* Makes the plots and the page in memory, then writes them. */
#include "report/report.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "report/page.h"

static bool make(gd_plots *plots, const gradus_allocator *allocator, const gd_report *report, gd_writer *page) {
    if (!gd_plots_curves(plots, allocator, &report->history)) return false;
    gd_plots_confusion(plots, allocator, report);
    gd_plots_regression(plots, allocator, report);
    for (size_t i = 0; i < plots->count; i++) {
        if (plots->list[i].svg.failed) return false;
    }
    gd_page_write(page, report, plots);
    return !page->failed;
}

static gradus_status write_file(gradus_context *context, const char *folder, const char *name, const char *ending, const gd_writer *content) {
    char path[PATH_MAX + 64];
    if (content->failed) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: the report: out of memory", folder);
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    return gd_file_replace(context, path, content->data, content->size);
}

static gradus_status write_plot(gradus_context *context, const char *folder, const gd_plot *plot) {
    gd_writer file = gd_writer_make(&context->allocator);
    gd_plot_write_file(plot, &file);
    gradus_status status = write_file(context, folder, plot->name, ".svg", &file);
    gd_writer_free(&file);
    return status;
}

gradus_status gd_report_write(gradus_context *context, const char *folder, const gd_report *report) {
    if (strlen(folder) >= PATH_MAX) return gd_fail(context, GRADUS_IO, "%.200s...: the path is too long for a report", folder);
    gd_plots plots = {.count = 0};
    gd_writer page = gd_writer_make(&context->allocator);
    gradus_status status = GRADUS_OK;
    if (!make(&plots, &context->allocator, report, &page)) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: the report: out of memory", folder);
    for (size_t i = 0; i < plots.count && status == GRADUS_OK; i++) status = write_plot(context, folder, &plots.list[i]);
    if (status == GRADUS_OK) status = write_file(context, folder, "report", ".html", &page);
    gd_plots_free(&plots);
    gd_writer_free(&page);
    return status;
}
