/// What people and other programs read of a report: a page, a summary, and the formats of build servers.
///
/// Everything is made of the [dev.assay.report.Report] alone. Reports hold what engines of others say, so every text is
/// escaped as the format wants, and the page allows no script but its own.
@NullMarked
package dev.assay.report.render;

import org.jspecify.annotations.NullMarked;
