/// Gemma 3n.
@NullMarked
package dev.assay.reference.gemma3n;

import org.jspecify.annotations.NullMarked;
