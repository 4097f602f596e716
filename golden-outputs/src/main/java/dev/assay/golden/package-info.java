/// Golden cases: configurations, weights or how to synthesise them, prompts, and what the oracle computed for them.
///
/// Reading checks every digest before anything is believed. No comparison is made here.
@NullMarked
package dev.assay.golden;

import org.jspecify.annotations.NullMarked;
