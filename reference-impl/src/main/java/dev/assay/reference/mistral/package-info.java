/// Mistral.
@NullMarked
package dev.assay.reference.mistral;

import org.jspecify.annotations.NullMarked;
