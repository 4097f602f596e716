/// The vocabulary of plans: sealed records that say what a decoder computes and which tensors it reads, and the card
/// that prints them. A variant of an architecture is a variant of a record here, never a flag. No planner, no cost
/// and no kernel belongs here.
@NullMarked
package dev.assay.plan;

import org.jspecify.annotations.NullMarked;
