/* What all plots share. */
#include "report/plot.h"

#include <stdio.h>
#include <string.h>

#include "report/markup.h"

/* Colours from Okabe and Ito's set, which people who see fewer colours tell apart; in the dark its brighter members. Lines of different series also
 * differ in width, points in shape. No custom properties: many viewers of SVG files know none. */
const char gd_plot_style[] =
    ".plot{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    ".plot .paper{fill:#fff}.plot text{fill:#57606a}.plot .title{font-size:14px;font-weight:600;fill:#1f2328}"
    ".plot .remark{font-size:12px;font-weight:400;fill:#57606a}.plot .name{fill:#1f2328}"
    ".plot .grid{stroke:#e4e8ec;fill:none}.plot .base{stroke:#8c959f;fill:none}.plot .guide{stroke:#6e7781;fill:none;stroke-dasharray:4 4}"
    ".plot .line{fill:none;stroke-linejoin:round;stroke-linecap:round}"
    ".plot .s0{stroke:#0072b2;stroke-width:1.6}.plot .s1{stroke:#d55e00;stroke-width:2.4}"
    ".plot .s2{stroke:#007a5a;stroke-width:1.6;stroke-dasharray:7 3}.plot .s3{stroke:#a3527f;stroke-width:2.4;stroke-dasharray:2 4}"
    ".plot .p0{fill:#0072b2}.plot .p1{fill:#d55e00}.plot .p2{fill:#007a5a}.plot .p3{fill:#a3527f}.plot .faint{fill-opacity:.4}"
    ".plot .right{fill:#005f96}.plot .wrong{fill:#a84400}.plot .count{fill:#000}.plot .count.on{fill:#fff}"
    ".plot .o1{fill-opacity:.1}.plot .o2{fill-opacity:.2}.plot .o3{fill-opacity:.3}.plot .o4{fill-opacity:.4}"
    ".plot .o5{fill-opacity:.5}.plot .o6{fill-opacity:.9}"
    "@media screen and (prefers-color-scheme:dark){"
    ".plot .paper{fill:#161b22}.plot text{fill:#9da7b3}.plot .title,.plot .name{fill:#e6edf3}.plot .remark{fill:#9da7b3}"
    ".plot .grid{stroke:#272e38}.plot .base{stroke:#6e7681}.plot .guide{stroke:#8b949e}"
    ".plot .s0{stroke:#56b4e9}.plot .s1{stroke:#f0a030}.plot .s2{stroke:#2fc6a0}.plot .s3{stroke:#e39fc9}"
    ".plot .p0{fill:#56b4e9}.plot .p1{fill:#f0a030}.plot .p2{fill:#2fc6a0}.plot .p3{fill:#e39fc9}"
    ".plot .right{fill:#56b4e9}.plot .wrong{fill:#f0a030}.plot .count{fill:#fff}.plot .count.on{fill:#000}}";

gd_plot *gd_plots_add(gd_plots *plots, const gradus_allocator *allocator, gd_plot_group group, const char *name, size_t number) {
    if (plots->count == GD_PLOTS) return NULL;
    gd_plot *plot = &plots->list[plots->count++];
    memset(plot, 0, sizeof *plot);
    plot->group = group;
    plot->svg = gd_writer_make(allocator);
    for (size_t i = 0; name[i] != 0 && i < 24; i++) {
        char c = name[i];
        bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        plot->name[i] = kept ? c : '-';
    }
    size_t length = strlen(plot->name);
    if (number > 1) snprintf(plot->name + length, sizeof plot->name - length, "-%zu", number);
    return plot;
}

void gd_plots_free(gd_plots *plots) {
    for (size_t i = 0; i < plots->count; i++) gd_writer_free(&plots->list[i].svg);
    plots->count = 0;
}

void gd_plot_open(gd_plot *plot, double height, const char *title) {
    double width = GD_PLOT_WIDTH;
    gd_write_markup(&plot->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 %n %n\" width=\"%n\" height=\"%n\" ", width,
                    height, width * 1.5, height * 1.5);
    gd_write_markup(&plot->svg, "role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">",
                    plot->name, plot->name, plot->name, title, plot->name);
}

void gd_plot_body(gd_plot *plot, double height, const char *title, const char *remark) {
    gd_write_text(&plot->svg, "</desc>\n");
    plot->style_at = plot->svg.size;
    gd_write_markup(&plot->svg, "<rect class=\"paper\" width=\"%n\" height=\"%n\"/>\n<text class=\"title\" x=\"%n\" y=\"22\">", (double)GD_PLOT_WIDTH,
                    height, (double)GD_PLOT_MARGIN);
    size_t room = 52 - (remark != NULL ? gd_text_columns(remark) : 0);
    gd_write_shortened(&plot->svg, title, room);
    if (remark != NULL) gd_write_markup(&plot->svg, "<tspan class=\"remark\" dx=\"8\">%s</tspan>", remark);
    gd_write_text(&plot->svg, "</text>\n");
}

void gd_plot_close(gd_plot *plot) { gd_write_text(&plot->svg, "</svg>\n"); }

void gd_plot_write_file(const gd_plot *plot, gd_writer *out) {
    gd_write_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    gd_write_bytes(out, plot->svg.data, plot->style_at);
    gd_write_markup(out, "<style>");
    gd_write_text(out, gd_plot_style);
    gd_write_text(out, "</style>\n");
    gd_write_bytes(out, plot->svg.data + plot->style_at, plot->svg.size - plot->style_at);
}
