/// Llama 4.
@NullMarked
package dev.assay.reference.llama4;

import org.jspecify.annotations.NullMarked;
