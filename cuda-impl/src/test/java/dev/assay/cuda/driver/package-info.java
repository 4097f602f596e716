@NullMarked
package dev.assay.cuda.driver;

import org.jspecify.annotations.NullMarked;
