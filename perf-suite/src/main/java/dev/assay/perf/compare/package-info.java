/// Tells noise from change: interleaved runs of two programs, intervals of the ratio of their speeds, and verdicts.
package dev.assay.perf.compare;
