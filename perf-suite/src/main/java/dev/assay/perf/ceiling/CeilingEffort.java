package dev.assay.perf.ceiling;

/// How much is read and computed in one measurement of the ceilings, which decides how long it takes.
///
/// @param readBytes in a pass, over all threads: far more than all caches hold, for a figure that means memory
/// @param fmaCalls of the kernel on each thread: each takes some ten microseconds
public record CeilingEffort(long readBytes, int fmaCalls) {
    /// A fifth of a second or so for each ceiling.
    public static final CeilingEffort STANDARD = new CeilingEffort(1L << 30, 1 << 12);

    /// An eighth of that, for runs of a second or two. The largest servers may hold part of it in their caches.
    public static final CeilingEffort QUICK = new CeilingEffort(1L << 27, 1 << 9);

    public CeilingEffort {
        if (readBytes < 1 || fmaCalls < 1) {
            throw new IllegalArgumentException(
                    "expected at least one byte and one call, found " + readBytes + " and " + fmaCalls);
        }
    }
}
