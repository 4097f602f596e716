package dev.assay.report;

import java.util.ArrayList;
import java.util.List;

/// A table of plain text: columns as wide as their widest cell, two spaces apart.
public final class ConsoleTable {
    /// On which side of a cell its padding stands.
    public enum Align {
        LEFT,
        RIGHT
    }

    private final List<Align> alignment = new ArrayList<>();
    private final List<String> titles = new ArrayList<>();
    private final List<List<Cell>> rows = new ArrayList<>();

    /// Adds a column to the right.
    public ConsoleTable column(String title, Align align) {
        titles.add(title);
        alignment.add(align);
        return this;
    }

    /// Adds a row with a cell for each column.
    public ConsoleTable row(String... cells) {
        List<Cell> row = new ArrayList<>();
        for (String cell : cells) {
            row.add(new Cell(cell, Ink.NONE));
        }
        return add(row);
    }

    ConsoleTable add(List<Cell> row) {
        if (row.size() != titles.size()) {
            throw new IllegalArgumentException("expected " + titles.size() + " cells, found " + row.size());
        }
        rows.add(List.copyOf(row));
        return this;
    }

    /// The table, titles first, without colours; every line ends with a line feed and has no trailing space.
    public String render() {
        return render(false);
    }

    String render(boolean colours) {
        List<Cell> header =
                titles.stream().map(title -> new Cell(title, Ink.NONE)).toList();
        int[] widths = new int[titles.size()]; // [columns]
        for (int c = 0; c < widths.length; c++) {
            widths[c] = titles.get(c).length();
            for (List<Cell> row : rows) {
                widths[c] = Math.max(widths[c], row.get(c).text().length());
            }
        }
        StringBuilder out = new StringBuilder();
        line(out, header, widths, false);
        for (List<Cell> row : rows) {
            line(out, row, widths, colours);
        }
        return out.toString();
    }

    private void line(StringBuilder out, List<Cell> row, int[] widths, boolean colours) {
        int start = out.length();
        for (int c = 0; c < widths.length; c++) {
            Cell cell = row.get(c);
            String padding = " ".repeat(widths[c] - cell.text().length());
            String text = colours ? cell.ink().paint(cell.text()) : cell.text();
            out.append(c == 0 ? "" : "  ");
            out.append(alignment.get(c) == Align.RIGHT ? padding + text : text + padding);
        }
        int end = out.length();
        while (end > start && out.charAt(end - 1) == ' ') {
            end--;
        }
        out.setLength(end);
        out.append('\n');
    }

    /// A cell and the colour it has where there are colours.
    record Cell(String text, Ink ink) {}

    /// Colours of a terminal, from the 16 that every terminal has.
    enum Ink {
        NONE(""),
        RED("31"),
        GREEN("32"),
        YELLOW("33");

        private final String code;

        Ink(String code) {
            this.code = code;
        }

        String paint(String text) {
            return code.isEmpty() ? text : "\033[" + code + "m" + text + "\033[0m";
        }
    }
}
