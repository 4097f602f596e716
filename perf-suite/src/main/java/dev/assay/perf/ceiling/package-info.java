/// What this machine can do at most: read memory, and multiply and add. Measured in the run whose figures they bound.
///
/// Vectors stay inside the methods here; no other package of this module has any.
@NullMarked
package dev.assay.perf.ceiling;

import org.jspecify.annotations.NullMarked;
