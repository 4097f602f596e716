/// Tests of the records, their JSON form and the renderers.
@NullMarked
package dev.assay.report;

import org.jspecify.annotations.NullMarked;
