@NullMarked
package dev.assay.vector;

import org.jspecify.annotations.NullMarked;
