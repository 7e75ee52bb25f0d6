/* The page's frame: head, style, the order of its parts. */
#include "report/page.h"

#include "report/markup.h"

static const char style[] =
    ":root{color-scheme:light dark;--page:#f6f8fa;--paper:#fff;--text:#1f2328;--faint:#57606a;--rule:#d8dee4;--stripe:#f3f5f7}"
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--text);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    "main{max-width:1120px;margin:0 auto;padding:28px 20px 56px}h1{font-size:25px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}"
    "h2{font-size:18px;margin:36px 0 12px}h3{font-size:15px;margin:0 0 8px}p{margin:0 0 12px}.faint{color:var(--faint)}"
    ".grid{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));align-items:start}"
    ".card{background:var(--paper);border:1px solid var(--rule);border-radius:10px;padding:14px 16px;min-width:0;overflow-x:auto}"
    "figure.card{margin:0;padding:4px}.plot{display:block;width:100%;height:auto;max-width:640px;margin:0 auto}"
    ".tiles{display:flex;flex-wrap:wrap;gap:12px;margin:20px 0 0}.tile{background:var(--paper);border:1px solid var(--rule);border-radius:10px;"
    "padding:10px 18px 12px;flex:1 1 auto;min-width:130px;max-width:260px;white-space:nowrap}.tile "
    "b{display:block;font-size:24px;line-height:1.3;font-variant-numeric:tabular-nums}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;color:var(--faint);padding-bottom:6px}"
    "th,td{padding:4px 0 4px 14px;text-align:right;vertical-align:top;white-space:nowrap}th{font-weight:600}"
    "thead th{border-bottom:1px solid var(--rule)}tbody tr+tr>*{border-top:1px solid var(--rule)}"
    "tr>:first-child{padding-left:0}th[scope=row],.words td,.words th,thead th:first-child{text-align:left}.words "
    "td{white-space:normal;overflow-wrap:anywhere}"
    ".words th{color:var(--faint);font-weight:400;padding-right:8px}td.name,th.name{max-width:170px;overflow:hidden;text-overflow:ellipsis}"
    ".scroll{overflow:auto;max-height:480px}.scroll thead th{position:sticky;top:0;background:var(--paper)}"
    "summary{cursor:pointer;font-weight:600}details[open]>summary{margin-bottom:10px}details.card{margin-top:16px}"
    ".pictures{display:grid;gap:14px 12px;grid-template-columns:repeat(auto-fill,minmax(92px,1fr));padding:0;margin:0;list-style:none}"
    ".pictures img{display:block;width:100%;image-rendering:pixelated;background:#000;border-radius:4px;margin-bottom:5px}"
    ".pictures li{font-size:13px;line-height:1.4;overflow-wrap:anywhere;min-width:0}code{font-size:13px;overflow-wrap:anywhere}"
    "footer{margin-top:40px;color:var(--faint);font-size:13px}"
    "@media screen and "
    "(prefers-color-scheme:dark){:root{--page:#0d1117;--paper:#161b22;--text:#e6edf3;--faint:#9da7b3;--rule:#30363d;--stripe:#1c2129}}"
    "@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}.card,.tile,li{break-inside:avoid}h2{break-after:avoid}"
    ".grid{grid-template-columns:1fr 1fr}.scroll{max-height:none;overflow:visible}}";

static void write_head(gd_writer *out, const char *title) {
    gd_write_text(out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
                  "<link rel=\"icon\" href=\"data:,\">\n");
    gd_write_markup(out, "<title>%s</title>\n<style>", title);
    gd_write_text(out, style);
    gd_write_text(out, "\n");
    gd_write_text(out, gd_plot_style);
    gd_write_text(out, "</style>\n</head>\n<body>\n<main>\n");
}

static void write_plots(gd_writer *out, const gd_plots *plots, gd_plot_group group) {
    for (size_t i = 0; i < plots->count; i++) {
        if (plots->list[i].group != group) continue;
        gd_write_text(out, "<figure class=\"card\">\n");
        gd_write_bytes(out, plots->list[i].svg.data, plots->list[i].svg.size);
        gd_write_text(out, "</figure>\n");
    }
}

static bool has(const gd_plots *plots, gd_plot_group group) {
    for (size_t i = 0; i < plots->count; i++) {
        if (plots->list[i].group == group) return true;
    }
    return false;
}

static void write_results(gd_writer *out, const gd_report *report, const gd_plots *plots) {
    if (!has(plots, GD_PLOT_RESULT) && report->classes.confusion == NULL && report->pictures.count == 0) return;
    gd_write_markup(out, "<section>\n<h2>Predictions%s%s%s</h2>\n", report->scored_set != NULL ? " for the " : "", report->scored_set,
                    report->scored_set != NULL ? " set" : "");
    if (report->classes.count > GD_CONFUSION_CLASSES) {
        gd_write_markup(out, "<p class=\"faint\">%u classes are too many for a picture of the confusion matrix.</p>\n", report->classes.count);
    }
    gd_write_text(out, "<div class=\"grid\">\n");
    write_plots(out, plots, GD_PLOT_RESULT);
    gd_page_classes(out, report);
    gd_write_text(out, "</div>\n");
    gd_page_mistakes(out, report);
    gd_write_text(out, "</section>\n");
}

void gd_page_write(gd_writer *out, const gd_report *report, const gd_plots *plots) {
    const char *title = report->title != NULL ? report->title : "Training report";
    write_head(out, title);
    gd_write_markup(out, "<header>\n<h1>%s</h1>\n", title);
    gd_page_scores(out, report);
    if (has(plots, GD_PLOT_TRAINING)) {
        gd_write_text(out, "<section>\n<h2>Training</h2>\n<div class=\"grid\">\n");
        write_plots(out, plots, GD_PLOT_TRAINING);
        gd_write_text(out, "</div>\n");
        gd_page_epochs(out, report);
        gd_write_text(out, "</section>\n");
    }
    write_results(out, report, plots);
    gd_page_run(out, report);
    gd_write_markup(out, "<footer>gradus%s%s</footer>\n</main>\n</body>\n</html>\n", report->version != NULL ? " " : "", report->version);
}
