/// Weights on their way from the checkpoint to the device.
@NullMarked
package dev.assay.cuda.weight;

import org.jspecify.annotations.NullMarked;
