/// Kernels of the Vector API: static methods over arrays and memory segments, which know neither models nor threads.
///
/// Species are constants and no vector leaves a method, so that C2 keeps vectors in registers. Sums are float32;
/// their order is said with each kernel.
@NullMarked
package dev.assay.vector.kernel;

import org.jspecify.annotations.NullMarked;
