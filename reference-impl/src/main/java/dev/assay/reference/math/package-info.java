/// The arithmetic of the specification, one plain loop an operation. How operations are wired does not belong here.
///
/// **Numeric contract.** What one operation hands to another is stored as float32. Inside an operation every product
/// and sum is a `double`, added in the order of the indices and rounded to float32 once, when it is stored.
/// Attention scores, attention weights and router scores never leave the method that makes them and stay `double`;
/// so do the angles of the rotary embedding. Elementary functions are [StrictMath]'s, so that every machine and
/// every JVM computes the same bits.
///
/// Arrays are row-major: a matrix is `[rows][columns]`, weights are `[out][in]`. No operation changes its arguments.
@NullMarked
package dev.assay.reference.math;

import org.jspecify.annotations.NullMarked;
