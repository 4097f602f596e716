package dev.assay.checkpoint;

import java.util.List;

/// A tensor in a file that the text model does not use, and why: `vision tower`, `multi-token prediction layer`, ….
///
/// @param name as published, prefixes included
/// @param type as in the file's header; not necessarily an [ElementType]
public record SkippedTensor(String name, String type, List<Integer> shape, String reason) {
    public SkippedTensor {
        shape = List.copyOf(shape);
    }
}
