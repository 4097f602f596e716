/// One JUnit test for each golden case and rule.
@NullMarked
package dev.assay.conformance.junit;

import org.jspecify.annotations.NullMarked;
