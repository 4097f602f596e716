package dev.assay.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/// Options that choose golden cases.
final class CaseOptions {
    @Option(
            names = {"-a", "--architecture"},
            paramLabel = "ARCHITECTURE",
            description = "Only cases of this architecture; may be repeated. Default: all.")
    private List<String> architectures = new ArrayList<>();

    @Option(
            names = {"-c", "--case"},
            paramLabel = "CASE",
            description = "Bundled golden case by its id, or a folder that holds one; may be repeated. "
                    + "Default: every bundled case.")
    private List<String> cases = new ArrayList<>();

    /// How many cases are named.
    int named() {
        return cases.size();
    }

    /// The cases chosen.
    ///
    /// @throws UsageException if a name is that of no case or no architecture, or no case is left
    List<SelectedCase> selected(GoldenSource goldens) {
        return SelectedCase.ofArchitectures(SelectedCase.of(cases, goldens), architectures);
    }
}
