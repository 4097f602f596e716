package dev.assay.cli;

import dev.assay.config.Architecture;
import dev.assay.config.ConfigException;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Support;
import dev.assay.golden.GoldenException;
import dev.assay.report.ConsoleTable;
import dev.assay.report.ConsoleTable.Align;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// Which engine runs which bundled golden case, by what the engines declare: nothing is loaded.
final class SupportTable {
    private final List<EngineInfo> engines = new ArrayList<>();

    /// Cases of each architecture that has any, in the order of [Architecture].
    private final Map<Architecture, List<Row>> rows = new EnumMap<>(Architecture.class);

    /// What is wrong with cases that cannot be read, by case.
    private final Map<String, String> broken = new TreeMap<>();

    /// A case and what each engine says to it, by engine.
    private record Row(String caseId, Map<String, Support> support) {}

    private SupportTable() {}

    static SupportTable of(Engines engines, GoldenSource goldens) {
        SupportTable table = new SupportTable();
        for (Engine engine : engines.byId().values()) {
            table.engines.add(engine.info());
        }
        for (String id : goldens.ids()) {
            try {
                ModelConfig config = goldens.configOf(id);
                Map<String, Support> support = new TreeMap<>();
                engines.byId().forEach((engineId, engine) -> support.put(engineId, engine.supports(config)));
                table.rows
                        .computeIfAbsent(config.architecture(), _ -> new ArrayList<>())
                        .add(new Row(id, support));
            } catch (GoldenException | ConfigException e) {
                table.broken.put(id, String.valueOf(e.getMessage()));
            }
        }
        return table;
    }

    /// What is wrong with cases that cannot be read, by case.
    Map<String, String> broken() {
        return broken;
    }

    /// Whether there is a case of the architecture.
    boolean has(Architecture architecture) {
        return rows.containsKey(architecture);
    }

    /// Architectures and cases as two tables for people, and the reason of every refusal.
    String text() {
        ConsoleTable table = withEngines(new ConsoleTable()
                .column("ARCHITECTURE", Align.LEFT)
                .column("NAME", Align.LEFT)
                .column("CASES", Align.RIGHT));
        for (Architecture architecture : Architecture.values()) {
            List<Row> own = rows.getOrDefault(architecture, List.of());
            List<String> cells =
                    new ArrayList<>(List.of(architecture.id(), architecture.title(), Integer.toString(own.size())));
            for (EngineInfo engine : engines) {
                cells.add(own.isEmpty() ? "-" : extent(own, engine.id(), "yes", "no"));
            }
            table.row(cells.toArray(String[]::new));
        }
        return table.render() + "\n" + cases(List.of(Architecture.values()));
    }

    /// The cases of some architectures as a table for people, and the reason of every refusal.
    String cases(Collection<Architecture> architectures) {
        ConsoleTable table =
                withEngines(new ConsoleTable().column("CASE", Align.LEFT).column("ARCHITECTURE", Align.LEFT));
        StringBuilder reasons = new StringBuilder();
        for (Architecture architecture : architectures) {
            for (Row row : rows.getOrDefault(architecture, List.of())) {
                List<String> cells = new ArrayList<>(List.of(row.caseId(), architecture.id()));
                for (EngineInfo engine : engines) {
                    switch (supportOf(row, engine.id())) {
                        case Support.Supported _ -> cells.add("yes");
                        case Support.Unsupported(String reason) -> {
                            cells.add("no");
                            reasons.append(engine.id() + " does not run " + row.caseId() + ": " + reason + "\n");
                        }
                    }
                }
                table.row(cells.toArray(String[]::new));
            }
        }
        return reasons.isEmpty() ? table.render() : table.render() + "\n" + reasons;
    }

    private ConsoleTable withEngines(ConsoleTable table) {
        engines.forEach(engine -> table.column(engine.id().toUpperCase(Locale.ROOT), Align.LEFT));
        return table;
    }

    /// The part of the README between the support-table marks: architectures that have cases, by engine.
    String markdown() {
        StringBuilder text = new StringBuilder("| Architecture | Golden cases |");
        engines.forEach(engine -> text.append(" `").append(engine.id()).append("` |"));
        text.append("\n|---|---:|").append("---|".repeat(engines.size())).append('\n');
        rows.forEach((architecture, own) -> {
            text.append("| ")
                    .append(architecture.title())
                    .append(" (`")
                    .append(architecture.id())
                    .append("`) | ");
            text.append(own.size()).append(" |");
            for (EngineInfo engine : engines) {
                text.append(' ')
                        .append(extent(own, engine.id(), "supported", "unsupported"))
                        .append(" |");
            }
            text.append('\n');
        });
        return text.toString();
    }

    /// The whole table as maps and lists for JSON.
    Map<String, Object> data() {
        List<Object> engineRows = new ArrayList<>();
        for (EngineInfo engine : engines) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("engine", engine.id());
            row.put("title", engine.title());
            row.put("version", engine.version());
            row.put("compute", engine.compute().name());
            engineRows.add(row);
        }
        List<Object> architectureRows = new ArrayList<>();
        List<Object> caseRows = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            List<Row> own = rows.getOrDefault(architecture, List.of());
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("architecture", architecture.id());
            row.put("title", architecture.title());
            row.put("cases", own.stream().map(Row::caseId).toList());
            architectureRows.add(row);
            own.forEach(golden -> caseRows.add(data(golden, architecture)));
        }
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("engines", engineRows);
        data.put("architectures", architectureRows);
        data.put("cases", caseRows);
        data.put("broken_cases", broken);
        return data;
    }

    private Map<String, Object> data(Row golden, Architecture architecture) {
        List<Object> support = new ArrayList<>();
        for (EngineInfo engine : engines) {
            Map<String, Object> cell = new LinkedHashMap<>();
            cell.put("engine", engine.id());
            switch (supportOf(golden, engine.id())) {
                case Support.Supported(var capabilities) -> {
                    cell.put("supported", true);
                    cell.put("capabilities", capabilities.stream().sorted().toList());
                }
                case Support.Unsupported(String reason) -> {
                    cell.put("supported", false);
                    cell.put("reason", reason);
                }
            }
            support.add(cell);
        }
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("case", golden.caseId());
        row.put("architecture", architecture.id());
        row.put("support", support);
        return row;
    }

    /// How many of the cases an engine supports: all, none, or the number.
    private static String extent(List<Row> rows, String engine, String all, String none) {
        long supported = rows.stream()
                .filter(row -> supportOf(row, engine) instanceof Support.Supported)
                .count();
        return supported == rows.size() ? all : supported == 0 ? none : supported + " of " + rows.size();
    }

    private static Support supportOf(Row row, String engine) {
        return Objects.requireNonNull(row.support().get(engine), engine);
    }
}
