package dev.assay.cuda.stage;

import dev.assay.config.HiddenActivation;
import java.util.Optional;

/// What makes the input of a product of many tokens from rows of numbers.
sealed interface Making {
    /// The stage that does so by itself; none if there is nothing to do.
    ///
    /// @param width numbers of a row of the input
    Optional<Stage> alone(View from, View to, int width);

    /// Nothing: the rows are the input.
    record Nothing() implements Making {
        @Override
        public Optional<Stage> alone(View from, View to, int width) {
            return Optional.empty();
        }
    }

    /// [Stage.Normalise] of whole rows.
    record Norm(RowNorm.Rms norm) implements Making {
        @Override
        public Optional<Stage> alone(View from, View to, int width) {
            return Optional.of(new Stage.Normalise(norm, 1, 1, from, to));
        }
    }

    /// [Stage.Gate].
    record Gate(HiddenActivation activation) implements Making {
        @Override
        public Optional<Stage> alone(View from, View to, int width) {
            return Optional.of(new Stage.Gate(activation, width, from, to));
        }
    }
}
