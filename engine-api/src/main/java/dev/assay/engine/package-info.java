/// The interface between Assay and an engine: [Engine] loads a checkpoint as a [Model], which opens [Session]s.
///
/// Only the contract belongs here: no arithmetic, no harness logic, no engine.
@NullMarked
package dev.assay.engine;

import org.jspecify.annotations.NullMarked;
