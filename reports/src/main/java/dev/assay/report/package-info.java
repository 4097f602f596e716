/// Result records: what every suite writes and every renderer reads. [Report] is the root of `report.json`.
///
/// Plain data only: no judgement is made here, and nothing of an engine or a model is known.
@NullMarked
package dev.assay.report;

import org.jspecify.annotations.NullMarked;
