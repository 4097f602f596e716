package dev.assay.adapter.onnxruntime;

import ai.onnxruntime.OrtException;

/// ONNX Runtime failed.
public final class OnnxRuntimeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param doing what it was asked to do, for example `loading the graph of qwen3-base`
    OnnxRuntimeException(String doing, OrtException cause) {
        super("ONNX Runtime, " + doing + ": " + cause.getMessage(), cause);
    }
}
