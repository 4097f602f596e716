package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The tensors of a checkpoint as text: how many of which type, and those that the text model does not use.
final class CheckpointCard {
    private static final int NAMES_SHOWN = 3;

    private CheckpointCard() {}

    static String render(Checkpoint checkpoint) {
        StringBuilder text = new StringBuilder();
        Map<ElementType, Long> tensors = new EnumMap<>(ElementType.class);
        Map<ElementType, Long> elements = new EnumMap<>(ElementType.class);
        for (TensorInfo info : checkpoint.tensors()) {
            tensors.merge(info.type(), 1L, Long::sum);
            elements.merge(info.type(), info.elements(), Math::addExact);
        }
        text.append("Tensors in the files:\n");
        elements.forEach((type, number) -> text.append("  ")
                .append(type)
                .append(": ")
                .append(Sizes.plural(tensors.getOrDefault(type, 0L), "tensor"))
                .append(", ")
                .append(Sizes.plural(number, "element"))
                .append(", ")
                .append(Sizes.bytes(Math.multiplyExact(number, (long) type.bytes())))
                .append('\n'));
        text.append(skipped(checkpoint));
        return text.toString();
    }

    /// Tensors that the text model does not use, grouped by the reason.
    static String skipped(Checkpoint checkpoint) {
        Map<String, List<String>> byReason = new TreeMap<>();
        for (SkippedTensor skipped : checkpoint.skipped()) {
            byReason.computeIfAbsent(skipped.reason(), _ -> new ArrayList<>()).add(skipped.name());
        }
        if (byReason.isEmpty()) {
            return "Every tensor is used.\n";
        }
        StringBuilder text = new StringBuilder("Skipped, because the text model does not use them:\n");
        byReason.forEach((reason, names) -> text.append("  ")
                .append(reason)
                .append(": ")
                .append(Sizes.plural(names.size(), "tensor"))
                .append(": ")
                .append(String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size()))))
                .append(names.size() > NAMES_SHOWN ? ", ..." : "")
                .append('\n'));
        return text.toString();
    }
}
