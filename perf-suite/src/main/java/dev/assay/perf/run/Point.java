package dev.assay.perf.run;

/// A repetition: its work, in bytes or operations, and the seconds that it took.
record Point(double work, double seconds) {}
