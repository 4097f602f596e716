package dev.assay.report.render;

import io.jstach.jstache.JStache;
import io.jstach.jstache.JStacheConfig;
import io.jstach.jstache.JStachePath;
import io.jstach.jstache.JStacheType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All that `facts.html` shows, as text; `lineup.mustache` says where.
///
/// @param contexts lengths in positions
@JStache(path = "lineup")
@JStachePath(prefix = "dev/assay/report/render/", suffix = ".mustache")
@JStacheConfig(type = JStacheType.JSTACHIO)
record LineUpPage(
        String contentPolicy,
        String style,
        String script,
        String command,
        String cacheType,
        List<String> contexts,
        List<Row> rows) {
    /// A model.
    ///
    /// @param totalExactly every digit, as the others that end so
    record Row(
            String name,
            String architecture,
            String total,
            String totalExactly,
            String active,
            String activeExactly,
            String percent,
            Share share,
            List<Cache> caches,
            String vendor) {}

    /// The size of a cache.
    ///
    /// @param bar null where there is none
    record Cache(String size, String exactly, @Nullable Share bar) {}

    /// A bar.
    ///
    /// @param width percentage
    record Share(Tone tone, String width) {}
}
