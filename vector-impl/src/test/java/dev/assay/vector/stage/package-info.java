@NullMarked
package dev.assay.vector.stage;

import org.jspecify.annotations.NullMarked;
