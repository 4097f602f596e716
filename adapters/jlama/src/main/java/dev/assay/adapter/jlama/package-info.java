/// Jlama (`com.github.tjake:jlama-core`) as an engine. Runs in a JVM of its own, never in the harness.
@NullMarked
package dev.assay.adapter.jlama;

import org.jspecify.annotations.NullMarked;
