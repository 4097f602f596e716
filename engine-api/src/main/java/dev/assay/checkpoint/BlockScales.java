package dev.assay.checkpoint;

import dev.assay.config.BlockSize;
import java.lang.foreign.MemorySegment;

/// Scales of a block-scaled FP8 matrix `[rows][columns]`: element (r, c) is multiplied by
/// `scales[r / block.rows][c / block.columns]`. Blocks at the lower and right edges may be ragged.
///
/// @param scales F32, `[⌈rows / block.rows⌉][⌈columns / block.columns⌉]`, row-major, little-endian, not necessarily
///     aligned
public record BlockScales(MemorySegment scales, BlockSize block) {}
