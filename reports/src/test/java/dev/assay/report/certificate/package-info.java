@NullMarked
package dev.assay.report.certificate;

import org.jspecify.annotations.NullMarked;
