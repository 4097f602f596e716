/// A plain interpreter of execution plans in double, whose every [Operations] can be replaced by a wrong one: how bugs
/// are planted that no plan, configuration or weight can express.
///
/// It is the soil of mutants and nothing else: no speed, no memory discipline, and no judge of anything.
@NullMarked
package dev.assay.mutants.interpret;

import org.jspecify.annotations.NullMarked;
