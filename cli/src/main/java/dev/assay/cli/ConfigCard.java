package dev.assay.cli;

import dev.assay.checkpoint.CheckpointLayout;
import dev.assay.checkpoint.TensorRole;
import dev.assay.checkpoint.TensorSpec;
import dev.assay.config.ModelConfig;
import dev.assay.plan.PlanPrinter;
import dev.assay.plan.planner.Planners;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A configuration as text: every value as it was understood, under its published key, and the sizes that follow.
final class ConfigCard {
    private ConfigCard() {}

    static String render(ModelConfig config) {
        StringBuilder text = new StringBuilder();
        text.append(config.architecture().title())
                .append(" (")
                .append(config.architecture().id())
                .append(")\n\nConfiguration, with defaults filled in:\n");
        fields(text, (Record) config, "  ");
        sizes(text, config);
        text.append("\nArchitecture card:\n").append(PlanPrinter.print(Planners.plan(config)));
        return text.toString();
    }

    private static void fields(StringBuilder text, Record fields, String indent) {
        for (RecordComponent component : fields.getClass().getRecordComponents()) {
            Object value = value(fields, component);
            text.append(indent).append(snakeCase(component.getName())).append(": ");
            if (value instanceof Record nested) {
                text.append(nested.getClass().getSimpleName()).append('\n');
                fields(text, nested, indent + "  ");
            } else {
                text.append(value == null ? "none" : value).append('\n');
            }
        }
    }

    private static @Nullable Object value(Record fields, RecordComponent component) {
        try {
            return component.getAccessor().invoke(fields);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(component + " cannot be read", e);
        }
    }

    /// A component's name as the key it is published under: `numHiddenLayers` as `num_hidden_layers`.
    static String snakeCase(String name) {
        return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static void sizes(StringBuilder text, ModelConfig config) {
        List<TensorSpec> tensors = CheckpointLayout.of(config);
        Map<TensorRole, Long> elements = new EnumMap<>(TensorRole.class);
        long all = 0;
        for (TensorSpec tensor : tensors) {
            elements.merge(tensor.role(), tensor.elements(), Math::addExact);
            all = Math.addExact(all, tensor.elements());
        }
        text.append("\nParameters: ")
                .append(Sizes.count(all))
                .append(" in ")
                .append(Sizes.plural(tensors.size(), "tensor"))
                .append('\n');
        elements.forEach((role, number) -> text.append("  ")
                .append(role.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .append(": ")
                .append(Sizes.count(number))
                .append('\n'));
        text.append("KV cache: ")
                .append(Sizes.count(config.kvCacheElements(1)))
                .append(" numbers for the first position, ")
                .append(Sizes.count(config.kvCacheElements(config.maxPositionEmbeddings())))
                .append(" at the full context of ")
                .append(Sizes.count(config.maxPositionEmbeddings()))
                .append('\n');
    }
}
