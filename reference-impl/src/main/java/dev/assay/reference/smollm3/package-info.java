/// SmolLM3.
@NullMarked
package dev.assay.reference.smollm3;

import org.jspecify.annotations.NullMarked;
