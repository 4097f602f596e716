/// The CUDA engine.
@NullMarked
package dev.assay.cuda;

import org.jspecify.annotations.NullMarked;
