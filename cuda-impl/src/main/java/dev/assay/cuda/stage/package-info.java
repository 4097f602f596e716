/// A decoder's plan as launches of kernels.
@NullMarked
package dev.assay.cuda.stage;

import org.jspecify.annotations.NullMarked;
