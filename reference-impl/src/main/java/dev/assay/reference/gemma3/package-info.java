/// Gemma 3.
@NullMarked
package dev.assay.reference.gemma3;

import org.jspecify.annotations.NullMarked;
