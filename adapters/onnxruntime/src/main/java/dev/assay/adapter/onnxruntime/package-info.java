/// ONNX Runtime as an engine. Its graphs come from Hugging Face by way of the exporter in
/// `golden-outputs/generator`; the weights come from the checkpoint.
///
/// What it computes wrongly is to be reported, so nothing here corrects a result.
@NullMarked
package dev.assay.adapter.onnxruntime;

import org.jspecify.annotations.NullMarked;
