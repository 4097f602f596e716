package dev.assay.adapter.onnxruntime;

import dev.assay.config.ModelConfig;

/// A committed graph: the logits of every position of a sequence, for one configuration and any weights.
///
/// @param golden the golden case that it was exported for
/// @param config the configuration that it computes
/// @param file its name among the resources
/// @param sha256 digest of the file, in lower-case hex
record Graph(String golden, ModelConfig config, String file, String sha256) {}
