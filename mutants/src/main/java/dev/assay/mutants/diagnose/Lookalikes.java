package dev.assay.mutants.diagnose;

import dev.assay.engine.Engine;
import dev.assay.golden.GoldenCase;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.catalogue.Mutant;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.plan.PlanEngine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Ranks known bugs by how well they explain what a failing engine computes: each is planted in the same case and runs
/// the same prompt, so that an engine with the bug computes what the mutant does.
public final class Lookalikes {
    /// Below, a bug explains less than it leaves open.
    private static final double LEAST = 0.5;

    private Lookalikes() {}

    /// The bugs that explain at least half of the error, best first; none if the engine returns no logits to
    /// compare.
    public static List<Likeness> rank(Engine engine, GoldenCase golden) {
        PlanEngine soil = new PlanInterpreter();
        Optional<Signature> found = Signature.of(engine, golden);
        if (found.isEmpty()) {
            return List.of();
        }
        double error = found.get().distance(Signature.ofOracle(golden));
        List<Likeness> likenesses = new ArrayList<>();
        for (Mutant mutant : Catalogue.mutants()) {
            mutant.plant(soil, golden)
                    .flatMap(planted -> Signature.of(planted.engine(), golden))
                    .map(signature -> new Likeness(mutant, 1 - found.get().distance(signature) / error))
                    .filter(likeness -> likeness.explained() >= LEAST)
                    .ifPresent(likenesses::add);
        }
        // Sorting is stable: of equally good ones the first of the catalogue comes first.
        likenesses.sort(Comparator.comparingDouble(Likeness::explained).reversed());
        return likenesses;
    }
}
