package dev.assay.plan;

/// What a layer does to each token by itself.
public sealed interface FeedForward permits GatedMlp, PlainMlp, MixtureOfExperts {}
