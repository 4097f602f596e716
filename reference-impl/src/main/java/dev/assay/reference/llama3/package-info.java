/// Llama 3 to 3.3.
@NullMarked
package dev.assay.reference.llama3;

import org.jspecify.annotations.NullMarked;
