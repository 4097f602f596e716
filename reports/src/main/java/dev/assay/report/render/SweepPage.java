package dev.assay.report.render;

import io.jstach.jstache.JStache;
import io.jstach.jstache.JStacheConfig;
import io.jstach.jstache.JStachePath;
import io.jstach.jstache.JStacheType;
import java.util.List;

/// All that `sweep.html` shows, as text; `sweep.mustache` says where.
///
/// @param contentPolicy what the browser may load and run: nothing but the style of the page
@JStache(path = "sweep")
@JStachePath(prefix = "dev/assay/report/render/", suffix = ".mustache")
@JStacheConfig(type = JStacheType.JSTACHIO)
record SweepPage(
        String contentPolicy,
        String style,
        String command,
        List<String> settings,
        List<Line> lines,
        List<Page.BarChart> charts) {
    /// A measurement at a point.
    record Line(
            List<String> values,
            String engine,
            String model,
            Tone tone,
            String outcome,
            String message,
            String prefill,
            String prefillSpread,
            String prefillShare,
            String decode,
            String decodeSpread,
            String decodeShare) {}
}
