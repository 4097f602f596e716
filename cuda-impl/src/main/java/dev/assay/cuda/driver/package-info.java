/// The CUDA driver, called by `java.lang.foreign`, and the first of its devices.
@NullMarked
package dev.assay.cuda.driver;

import org.jspecify.annotations.NullMarked;
