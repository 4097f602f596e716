package dev.assay.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import dev.assay.plan.planner.Planners;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A plan with any one value spoilt is refused: by the record that holds the value if no record of its kind can have
/// it, by a neighbour if it is only of another size than theirs.
class DamagedPlanTest {
    /// Words for people.
    private static final String FREE = "DecoderPlan.skipped";

    /// As many rows as tokens have embeddings per layer, which the plan says nowhere else.
    private static final String FREE_SIZE = ".perLayerEmbedding.table rows + 1";

    /// Numbers that stand beside a matrix or an offset which must agree with them: the complaint is of that.
    private static final Set<String> CONFIRMED = Set.of(
            "DecoderPlan.vocabSize",
            "DecoderPlan.hiddenSize",
            "GatedMlp.intermediateSize",
            "PlainMlp.intermediateSize",
            "VectorRef.storedLength");

    private static final String REFUSED = "IllegalArgumentException";

    /// One value spoilt at `place`: to build the whole with it must fail, and the failure must say `complaint`.
    private record Damage(String place, String complaint, Maker whole) {}

    @FunctionalInterface
    private interface Maker {
        Object make() throws ReflectiveOperationException;
    }

    static List<Path> cases() throws IOException {
        try (var folders = Files.list(Path.of("..", "golden-outputs", "cases"))) {
            return folders.filter(Files::isDirectory).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void oneSpoiltValueIsNoticed(Path folder) throws ReflectiveOperationException {
        DecoderPlan plan = Planners.plan(ModelConfig.read(folder.resolve("config.json")));
        List<Damage> damages = damages(plan).stream()
                .filter(damage -> !damage.place().equals(FREE_SIZE))
                .toList();
        assertThat(damages).hasSizeGreaterThan(100);
        List<String> unnoticed = new ArrayList<>();
        for (Damage damage : damages) {
            String found = refusal(damage.whole());
            if (!found.contains(damage.complaint())) {
                unnoticed.add(damage.place() + ": " + found);
            }
        }
        assertThat(unnoticed).isEmpty();
    }

    /// With what words the value is refused.
    private static String refusal(Maker maker) throws ReflectiveOperationException {
        try {
            maker.make();
            return "nothing is said";
        } catch (InvocationTargetException e) {
            return String.valueOf(e.getCause());
        } catch (IllegalArgumentException e) {
            return e.toString();
        }
    }

    /// Every way to spoil one value of a plan, a list or a number, wherever it is nested: out of range, or, for the
    /// sizes of a matrix or vector, one more.
    private static List<Damage> damages(Object value) throws ReflectiveOperationException {
        List<Damage> damages = new ArrayList<>();
        switch (value) {
            case Integer _ -> damages.add(new Damage("", "found -1,", () -> -1));
            case Double _ -> damages.add(new Damage("", "found NaN,", () -> Double.NaN));
            case String _ -> damages.add(new Damage("", "found \" \",", () -> " "));
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) {
                    int index = i;
                    for (Damage damage : damages(list.get(i))) {
                        damages.add(new Damage("[" + i + "]" + damage.place(), damage.complaint(), () -> {
                            List<Object> copy = new ArrayList<>(list);
                            copy.set(index, damage.whole().make());
                            return copy;
                        }));
                    }
                }
            }
            case Record record
            when record.getClass().getPackage() == DecoderPlan.class.getPackage() -> {
                if (record instanceof WeightRef(String name, int rows, int columns, WeightLayout layout)) {
                    damages.add(new Damage(" rows + 1", REFUSED, () -> new WeightRef(name, rows + 1, columns, layout)));
                    damages.add(
                            new Damage(" columns + 1", REFUSED, () -> new WeightRef(name, rows, columns + 1, layout)));
                }
                if (record instanceof VectorRef(String name, int length, int storedLength, int first)) {
                    damages.add(new Damage(
                            " length + 1", REFUSED, () -> new VectorRef(name, length + 1, storedLength + 1, first)));
                }
                RecordComponent[] components = record.getClass().getRecordComponents();
                Class<?>[] types =
                        Arrays.stream(components).map(RecordComponent::getType).toArray(Class[]::new);
                Constructor<?> constructor = record.getClass().getDeclaredConstructor(types);
                Object[] values = new Object[components.length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = components[i].getAccessor().invoke(record);
                }
                for (int i = 0; i < values.length; i++) {
                    int index = i;
                    String component = components[i].getName();
                    String owner = record.getClass().getSimpleName() + "." + component;
                    for (Damage damage : owner.equals(FREE) ? List.<Damage>of() : damages(values[i])) {
                        String complaint = CONFIRMED.contains(owner) ? REFUSED : damage.complaint();
                        damages.add(new Damage("." + component + damage.place(), complaint, () -> {
                            Object[] copy = values.clone();
                            copy[index] = damage.whole().make();
                            return constructor.newInstance(copy);
                        }));
                    }
                }
            }
            default -> {}
        }
        return damages;
    }
}
