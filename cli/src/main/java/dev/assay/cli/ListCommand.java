package dev.assay.cli;

import dev.assay.report.Verdict;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `assay list`: what there is to verify, and what engines declare to support.
@Command(
        name = "list",
        description = "Lists architectures, golden cases and engines, and which engine supports what.",
        optionListHeading = "%nOptions:%n")
final class ListCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @ArgGroup
    private @Nullable Form form;

    /// How to show the list.
    static final class Form {
        @Option(names = "--json", description = "As JSON.")
        private boolean json;

        @Option(names = "--markdown", description = "Only the support table, as it stands in the README.")
        private boolean markdown;
    }

    ListCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Engines engines = surroundings.engines().get();
        SupportTable table = SupportTable.of(engines, surroundings.goldens());
        PrintWriter out = surroundings.out();
        if (form != null && form.json) {
            out.println(JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build()
                    .writeValueAsString(table.data()));
        } else {
            out.print(form != null && form.markdown ? table.markdown() : table.text());
            if (form == null && !surroundings.adapters().known().isEmpty()) {
                out.println("\nadapters, for --engine: "
                        + String.join(", ", surroundings.adapters().known()));
            }
        }
        engines.faults().forEach(fault -> surroundings.err().println("assay: " + fault.message()));
        table.broken().values().forEach(message -> surroundings.err().println("assay: " + message));
        return engines.faults().isEmpty() && table.broken().isEmpty() ? 0 : Verdict.FAULT.exitCode();
    }
}
