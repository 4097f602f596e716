@NullMarked
package dev.assay.conformance.junit;

import org.jspecify.annotations.NullMarked;
