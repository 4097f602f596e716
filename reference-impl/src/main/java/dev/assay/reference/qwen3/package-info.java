/// Qwen3, dense.
@NullMarked
package dev.assay.reference.qwen3;

import org.jspecify.annotations.NullMarked;
