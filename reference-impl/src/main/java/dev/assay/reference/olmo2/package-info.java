/// OLMo 2.
@NullMarked
package dev.assay.reference.olmo2;

import org.jspecify.annotations.NullMarked;
