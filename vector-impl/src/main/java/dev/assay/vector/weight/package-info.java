/// Weights where the checkpoint has them, each in its own type and layout, and products with them.
@NullMarked
package dev.assay.vector.weight;

import org.jspecify.annotations.NullMarked;
