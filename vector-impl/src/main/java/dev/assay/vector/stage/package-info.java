/// The stages that a plan is compiled to, and what they work on. A stage knows its weights and its kernels; who calls
/// it in which order, only the compiled program knows.
@NullMarked
package dev.assay.vector.stage;

import org.jspecify.annotations.NullMarked;
