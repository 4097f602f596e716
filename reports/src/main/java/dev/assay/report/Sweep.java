package dev.assay.report;

import java.util.List;

/// Measurements of one command under combinations of settings, each made in a JVM of its own.
///
/// @param command with a place for each setting
/// @param settings their names
/// @param points in the order in which they were measured
public record Sweep(String command, List<String> settings, List<Point> points) {
    public Sweep {
        settings = List.copyOf(settings);
        points = List.copyOf(points);
        for (Point point : points) {
            if (point.values().size() != settings.size()) {
                throw new IllegalArgumentException(
                        "expected a value for each of " + settings + ", found " + point.values());
            }
        }
    }

    /// One combination.
    public sealed interface Point {
        /// A value for each setting.
        List<String> values();

        /// It gave a report.
        ///
        /// @param rows of the report
        record Measured(List<String> values, List<BenchRow> rows) implements Point {
            public Measured {
                values = List.copyOf(values);
                rows = List.copyOf(rows);
            }
        }

        /// It gave none.
        ///
        /// @param message why
        record Failed(List<String> values, String message) implements Point {
            public Failed {
                values = List.copyOf(values);
            }
        }
    }
}
