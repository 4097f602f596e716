@NullMarked
package dev.assay.report.render;

import org.jspecify.annotations.NullMarked;
