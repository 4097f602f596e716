/// The `assay` command: reads arguments, chooses engines and golden cases, runs the suites and shows what came of
/// it.
///
/// Nothing is judged and nothing is computed here.
@NullMarked
package dev.assay.cli;

import org.jspecify.annotations.NullMarked;
