@NullMarked
package dev.assay.cuda.stage;

import org.jspecify.annotations.NullMarked;
