package dev.assay.adapter.stdio;

import java.time.Duration;

/// How long an engine may take before it counts as hanging.
///
/// @param start from the start of its process to its answer to `hello`
/// @param load to load a model
/// @param call for every other answer
public record Limits(Duration start, Duration load, Duration call) {
    public Limits {
        for (Duration limit : new Duration[] {start, load, call}) {
            if (!limit.isPositive()) {
                throw new IllegalArgumentException("a time limit must be above 0, found " + limit);
            }
        }
    }

    /// A minute to start, as JVMs and Python with its libraries take seconds; two to load; one for every answer.
    public static Limits defaults() {
        return new Limits(Duration.ofMinutes(1), Duration.ofMinutes(2), Duration.ofMinutes(1));
    }
}
