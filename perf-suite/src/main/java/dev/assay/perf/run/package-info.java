/// A measurement of an engine on a model, from the tokens to the row of the report.
///
/// Data go one way: [Workload] and model into [TimedRun], its logits into [CheckRun], both into a row.
@NullMarked
package dev.assay.perf.run;

import org.jspecify.annotations.NullMarked;
