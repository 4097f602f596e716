/// Rules about the code of every module: what module descriptors cannot say. Tests only.
@NullMarked
package dev.assay.architecture;

import org.jspecify.annotations.NullMarked;
