/// Certificates: signed statements of what a run said of an engine.
@NullMarked
package dev.assay.report.certificate;

import org.jspecify.annotations.NullMarked;
