package dev.assay.mutants.matrix;

import dev.assay.mutants.catalogue.Mutant;
import java.util.List;

/// A mutant in all cases in which it can act.
///
/// @param cells in the order of the cases; empty if it can act in none
public record Row(Mutant mutant, List<Cell> cells) {
    public Row {
        cells = List.copyOf(cells);
    }

    /// Whether at least one case kills it.
    public boolean killed() {
        return !kills().isEmpty();
    }

    /// Whether it is killed and every case that kills it names the layer.
    public boolean localised() {
        return killed() && kills().stream().allMatch(Cell::localised);
    }

    /// Whether it is killed and every case that kills it names the tap.
    public boolean tapNamed() {
        return killed() && kills().stream().allMatch(Cell::tapNamed);
    }

    /// Cases that kill it.
    public List<Cell> kills() {
        return cells.stream().filter(Cell::killed).toList();
    }

    /// Only its cases of an architecture.
    Row in(String architecture) {
        return new Row(
                mutant,
                cells.stream()
                        .filter(cell -> cell.architecture().equals(architecture))
                        .toList());
    }
}
