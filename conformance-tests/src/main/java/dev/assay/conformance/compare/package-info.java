/// Comparison of what an engine computed with what the oracle computed: differences, budgets, and the first place
/// where a difference leaves its budget.
///
/// Nothing is run here, and no file is read.
@NullMarked
package dev.assay.conformance.compare;

import org.jspecify.annotations.NullMarked;
