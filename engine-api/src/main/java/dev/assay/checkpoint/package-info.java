/// Checkpoints: named tensors of a model, from safetensors files or synthesised, checked against the configuration.
///
/// Numbers are only decoded here (bf16, f16 and FP8 to float32), or made from a seed and rounded; nothing is
/// computed with them.
@NullMarked
package dev.assay.checkpoint;

import org.jspecify.annotations.NullMarked;
