package dev.assay.kernels;

import dev.assay.report.ConsoleTable;
import dev.assay.report.ConsoleTable.Align;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Results as text: a line for each kernel and set of parameters, its twin in it.
public final class KernelTable {
    private KernelTable() {}

    public static String render(List<KernelRow> rows) {
        Map<List<String>, Map<String, KernelRow>> pairs = new LinkedHashMap<>();
        for (KernelRow row : rows) {
            pairs.computeIfAbsent(List.of(row.kernel(), row.parameters()), _ -> new LinkedHashMap<>())
                    .put(row.side(), row);
        }
        ConsoleTable table = new ConsoleTable()
                .column("KERNEL", Align.LEFT)
                .column("PARAMETERS", Align.LEFT)
                .column("US", Align.RIGHT)
                .column("SCALAR US", Align.RIGHT)
                .column("FASTER", Align.RIGHT)
                .column("GB/S", Align.RIGHT)
                .column("GFLOP/S", Align.RIGHT)
                .column("OF CEILING", Align.RIGHT);
        pairs.forEach((pair, sides) -> table.row(line(pair, sides.get("vector"), sides.get("scalar"))));
        return table.render()
                + "\nUS are microseconds of a call. OF CEILING is the share of what the same threads read and compute at"
                + " most, measured\nright before and after; over 100 %, the operands stayed in a cache.\n";
    }

    private static String[] line(List<String> pair, @Nullable KernelRow vector, @Nullable KernelRow scalar) {
        List<String> cells = new ArrayList<>(pair);
        cells.add(vector == null ? "-" : number(vector.micros()));
        cells.add(scalar == null ? "-" : number(scalar.micros()));
        cells.add(
                vector == null || scalar == null
                        ? "-"
                        : String.format(Locale.ROOT, "%.1fx", scalar.micros() / vector.micros()));
        cells.add(rate(vector, RooflineProfiler.BANDWIDTH, ""));
        cells.add(rate(vector, RooflineProfiler.ARITHMETIC, ""));
        cells.add(rate(vector, RooflineProfiler.SHARE, " %"));
        return cells.toArray(String[]::new);
    }

    private static String rate(@Nullable KernelRow row, String name, String unit) {
        Double value = row == null ? null : row.rates().get(name);
        return value == null ? "-" : number(value) + unit;
    }

    /// Three digits at least, whatever the size.
    private static String number(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%.0f", value);
    }
}
