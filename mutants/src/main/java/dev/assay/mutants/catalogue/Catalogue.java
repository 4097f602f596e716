package dev.assay.mutants.catalogue;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// All known bugs.
public final class Catalogue {
    private static final List<Mutant> MUTANTS = Stream.of(
                    DeepSeek.mutants(),
                    Qwen3.mutants(),
                    Gemma.mutants(),
                    Gemma3n.mutants(),
                    Llama4.mutants(),
                    Others.mutants(),
                    AnyEngine.mutants())
            .flatMap(List::stream)
            .toList();

    private Catalogue() {}

    /// Those that are planted, in the order of their ids' letters.
    public static List<Mutant> mutants() {
        return MUTANTS;
    }

    /// Changes that were thought to be bugs and compute the same.
    public static List<Equivalent> equivalents() {
        return Equivalents.ALL;
    }

    /// What a golden case would need to catch a mutant that none catches, by the mutant's id.
    public static Map<String, String> needs() {
        return Equivalents.NEEDS;
    }

    /// Those that are not planted, and why.
    public static List<NotPlanted> notPlanted() {
        return Equivalents.NOT_PLANTED;
    }
}
