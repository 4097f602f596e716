package dev.assay.conformance.junit;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.conformance.suite.Rule;
import dev.assay.conformance.suite.Selection;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.Goldens;
import dev.assay.report.CheckResult;
import dev.assay.report.EngineEvidence;
import dev.assay.report.Fault;
import dev.assay.report.Outcome;
import dev.assay.report.Verdicts;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.opentest4j.AssertionFailedError;

/// Judges an engine in its own build: extend this, and every golden case and rule is a test named after both.
///
/// ```java
/// class MyEngineConformanceTest extends EngineConformance {
///     @Override
///     protected Engine engine() {
///         return new MyEngine();
///     }
/// }
/// ```
///
/// | the engine | the test |
/// |---|---|
/// | does what the rule demands | passes |
/// | does not, throws, or cannot do what it declared | fails; the message names the first divergence and a command |
/// | declared that it cannot do this | is aborted, which JUnit shows as skipped, with the reason |
///
/// A selection without a case or a rule is an error, and so is an engine that ran nothing: the last test, named after
/// the strength of the evidence, fails. To run a part by hand, name cases, rules or architectures, several with commas:
/// `mvn test -Dassay.case=qwen3-base -Dassay.rule=one-shot`.
///
/// Cases are loaded one after the other and freed when their tests are done, so the tests run in one thread.
@Execution(ExecutionMode.SAME_THREAD)
public abstract class EngineConformance {
    private final List<CheckResult> results = new ArrayList<>();

    /// The engine to judge. If this is not overridden, the one that [ServiceLoader] finds.
    protected Engine engine() {
        List<Engine> found = ServiceLoader.load(Engine.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        if (found.size() != 1) {
            throw new IllegalStateException("override engine(): expected one registered dev.assay.engine.Engine, found "
                    + found.stream().map(engine -> engine.getClass().getName()).toList());
        }
        return found.getFirst();
    }

    /// What the engine is judged on. If this is not overridden, everything.
    protected Selection selection() {
        return Selection.all();
    }

    /// How models are loaded. If this is not overridden, for one thread and a cache of float32.
    protected LoadOptions options() {
        return LoadOptions.defaults();
    }

    /// A container for each case with a test for each rule, and the evidence at the end.
    ///
    /// @throws IllegalArgumentException if nothing is selected
    @TestFactory
    public final Stream<DynamicNode> conformance() {
        Engine engine = engine();
        Selection selection = Narrowed.bySystemProperties(selection());
        List<Rule> rules = selection.selectedRules();
        Stream<DynamicContainer> cases = selection.caseIds().stream()
                // Through flatMap, so that a case is loaded when its turn comes, and closed after its last test.
                .map(id -> dynamicContainer(id, Stream.of(id).flatMap(one -> tests(engine, one, rules))));
        return Stream.concat(cases, Stream.of(engine).map(this::evidence));
    }

    private Stream<DynamicTest> tests(Engine engine, String caseId, List<Rule> rules) {
        GoldenSuite suite = GoldenSuite.open(engine, Goldens.bundled(caseId), options());
        return suite.asked().stream()
                .filter(rules::contains)
                .map(rule -> dynamicTest(caseId + " " + rule.id(), () -> conclude(suite.run(rule))))
                .onClose(suite::close);
    }

    private void conclude(CheckResult result) {
        results.add(result);
        String message = new Message(result, command(result)).toString();
        if (Verdicts.isFailure(result.outcome())) {
            throw result.firstDivergence() == null
                    ? new AssertionFailedError(message)
                    : new AssertionFailedError(
                            message,
                            result.firstDivergence().expected(),
                            result.firstDivergence().actual());
        }
        if (result.outcome() != Outcome.PASS) {
            Assumptions.abort(message);
        }
    }

    private String command(CheckResult result) {
        return "mvn test -Dtest=" + getClass().getSimpleName() + " -Dassay.case=" + result.caseId() + " -Dassay.rule="
                + result.check();
    }

    /// A test that says how much is known now, and fails if it is nothing.
    private DynamicTest evidence(Engine engine) {
        String level = Verdicts.evidence(results).stream()
                .map(EngineEvidence::level)
                .map(of -> of.told() + (of.certifies() ? "" : ", cannot be called conformant"))
                .findFirst()
                .orElse("none");
        return dynamicTest("evidence: " + level, () -> {
            List<Fault> faults = Verdicts.emptiness(
                    results,
                    List.of(engine.info().id()),
                    "mvn test -Dtest=" + getClass().getSimpleName());
            if (!faults.isEmpty()) {
                throw new AssertionFailedError(
                        faults.getFirst().subject() + ": " + faults.getFirst().message());
            }
        });
    }
}
