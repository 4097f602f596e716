package dev.assay.report.certificate;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.assay.report.Environment;
import dev.assay.report.EvidenceLevel;
import dev.assay.report.Verdict;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a certificate says, in the form of an in-toto statement (https://in-toto.io/Statement/v1) whose predicate is a
/// test result (https://in-toto.io/attestation/test-result/v0.1).
///
/// @param type always [#TYPE]
/// @param subject the engine's artefact
/// @param predicateType always [#PREDICATE_TYPE]
public record Statement(
        @JsonProperty("_type") String type, List<Resource> subject, String predicateType, Predicate predicate) {
    public static final String TYPE = "https://in-toto.io/Statement/v1";
    public static final String PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1";

    public Statement {
        subject = List.copyOf(subject);
    }

    /// A file or a set of files.
    ///
    /// @param digest by algorithm, in hexadecimal: `sha256` of a file; `sha256-tree` of a folder, over its files'
    /// lines
    ///     `<sha256>  <path>` in the order of the paths
    public record Resource(String name, Map<String, String> digest) {
        public Resource {
            digest = Map.copyOf(digest);
        }
    }

    /// The result.
    ///
    /// @param result `PASSED`, `WARNED` or `FAILED`
    /// @param configuration the golden cases that were used
    /// @param passedTests `<case>/<rule>` of those that passed
    /// @param warnedTests of those that say nothing against the engine and nothing for it
    /// @param failedTests of those that failed in any way
    /// @param assay what in-toto has no word for
    public record Predicate(
            String result,
            List<Resource> configuration,
            List<String> passedTests,
            List<String> warnedTests,
            List<String> failedTests,
            Assay assay) {
        public Predicate {
            configuration = List.copyOf(configuration);
            passedTests = List.copyOf(passedTests);
            warnedTests = List.copyOf(warnedTests);
            failedTests = List.copyOf(failedTests);
        }
    }

    /// The particulars of a run of Assay.
    ///
    /// @param engine id of the engine
    /// @param engineVersion as it says itself
    /// @param profile how much of the suite was run
    /// @param killScore of the suite; null if it was not given
    /// @param startedAt start of the run, ISO 8601 in UTC
    public record Assay(
            String suiteVersion,
            String engine,
            String engineVersion,
            String profile,
            Verdict verdict,
            EvidenceLevel evidence,
            @Nullable KillScore killScore,
            String command,
            String startedAt,
            Environment environment) {}

    /// How many of the planted mistakes the suite finds: what a passed suite is worth.
    ///
    /// @param killed mutants that a case finds
    /// @param total mutants that are not equivalent
    /// @param equivalent mutants that are proved to change nothing
    /// @param localised mutants whose layer is named rightly
    public record KillScore(int killed, int total, int equivalent, int localised) {
        public KillScore {
            if (killed < 0 || killed > total || localised < 0 || localised > total || equivalent < 0) {
                throw new IllegalArgumentException("kill score: expected at most as many killed and localised as there"
                        + " are, found " + killed + " and " + localised + " of " + total);
            }
        }
    }
}
