/// Qwen3 with experts.
@NullMarked
package dev.assay.reference.qwen3moe;

import org.jspecify.annotations.NullMarked;
