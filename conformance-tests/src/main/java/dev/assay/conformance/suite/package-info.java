/// The suites: what is run on an engine and what is asked of it. [GoldenSuite] runs every [Check] on a golden case.
@NullMarked
package dev.assay.conformance.suite;

import org.jspecify.annotations.NullMarked;
