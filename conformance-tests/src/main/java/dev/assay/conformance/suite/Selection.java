package dev.assay.conformance.suite;

import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.golden.Goldens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The part of the suite that is asked for: pairs of a bundled golden case and a rule. An empty set selects all.
///
/// @param profile how much of the suite
/// @param architectures ids of architectures, for example `qwen3`
/// @param cases ids of bundled golden cases
/// @param rules ids of rules
/// @param capabilities only rules that need no other abilities than these
public record Selection(
        Profile profile,
        Set<String> architectures,
        Set<String> cases,
        Set<String> rules,
        Set<Capability> capabilities) {
    public Selection {
        architectures = Set.copyOf(architectures);
        cases = Set.copyOf(cases);
        rules = Set.copyOf(rules);
        capabilities = Set.copyOf(capabilities);
    }

    /// Everything there is.
    public static Selection all() {
        return new Selection(Profile.FULL, Set.of(), Set.of(), Set.of(), Set.of());
    }

    public Selection withProfile(Profile chosen) {
        return new Selection(chosen, architectures, cases, rules, capabilities);
    }

    public Selection ofArchitectures(String... ids) {
        return new Selection(profile, Set.of(ids), cases, rules, capabilities);
    }

    public Selection ofCases(String... ids) {
        return new Selection(profile, architectures, Set.of(ids), rules, capabilities);
    }

    public Selection ofRules(String... ids) {
        return new Selection(profile, architectures, cases, Set.of(ids), capabilities);
    }

    public Selection needingOnly(Capability... abilities) {
        return new Selection(profile, architectures, cases, rules, Set.of(abilities));
    }

    /// Ids of the selected cases, sorted.
    ///
    /// @throws IllegalArgumentException if a named case or architecture does not exist, or none is left
    public List<String> caseIds() {
        List<String> bundled = Goldens.ids();
        requireKnown("golden case", cases, bundled);
        List<String> selected = new ArrayList<>();
        Set<String> known = new TreeSet<>();
        for (String id : bundled) {
            String architecture = architecture(id);
            known.add(architecture);
            if ((cases.isEmpty() || cases.contains(id))
                    && (architectures.isEmpty() || architectures.contains(architecture))) {
                selected.add(id);
            }
        }
        requireKnown("architecture", architectures, known);
        if (selected.isEmpty()) {
            throw new IllegalArgumentException("no golden case is selected by architectures " + sorted(architectures)
                    + " and cases " + sorted(cases));
        }
        return selected;
    }

    private static String architecture(String caseId) {
        ModelConfig config = Goldens.configOf(caseId);
        return config.architecture().id();
    }

    /// The selected rules, in the order of the suite.
    ///
    /// @throws IllegalArgumentException if a named rule does not exist, or none is left
    public List<Rule> selectedRules() {
        requireKnown("rule", rules, GoldenSuite.checkIds());
        List<Rule> selected =
                GoldenSuite.rules().stream().filter(this::includes).toList();
        if (selected.isEmpty()) {
            throw new IllegalArgumentException("no rule is selected by profile " + profile + ", rules " + sorted(rules)
                    + " and capabilities " + sorted(capabilities));
        }
        return selected;
    }

    private boolean includes(Rule rule) {
        return profile.includes(rule)
                && (rules.isEmpty() || rules.contains(rule.id()))
                && (capabilities.isEmpty() || capabilities.containsAll(rule.needs()));
    }

    private static void requireKnown(String what, Set<String> named, Iterable<String> known) {
        Set<String> unknown = new TreeSet<>(named);
        known.forEach(unknown::remove);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("no " + what + " is named " + String.join(", ", unknown) + "; there are "
                    + String.join(", ", known));
        }
    }

    private static String sorted(Set<?> set) {
        return Arrays.toString(set.stream().map(Object::toString).sorted().toArray());
    }
}
