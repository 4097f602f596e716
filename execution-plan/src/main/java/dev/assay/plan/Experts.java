package dev.assay.plan;

import dev.assay.config.HiddenActivation;

/// Routed experts: gated MLPs of one size, without biases.
public sealed interface Experts {
    int count();

    int hiddenSize();

    int intermediateSize();

    HiddenActivation activation();

    /// An expert by itself.
    ///
    /// @throws IllegalArgumentException if there is no such expert
    GatedMlp expert(int index);

    /// Numbers in all experts together.
    default long elements() {
        return Math.multiplyExact(3L * count(), Math.multiplyExact((long) hiddenSize(), (long) intermediateSize()));
    }

    /// Each has matrices of its own: `<module>.<index>.gate_proj.weight`, `up_proj`, `down_proj`.
    record Separate(String module, int count, int hiddenSize, int intermediateSize, HiddenActivation activation)
            implements Experts {
        public Separate {
            check(module, count, hiddenSize, intermediateSize);
        }

        @Override
        public GatedMlp expert(int index) {
            Checks.between("expert", index, 0, count - 1);
            String expert = module + "." + index;
            return mlp(
                    this,
                    WeightRef.rowsFirst(expert + ".gate_proj.weight", intermediateSize, hiddenSize),
                    WeightRef.rowsFirst(expert + ".up_proj.weight", intermediateSize, hiddenSize),
                    WeightRef.rowsFirst(expert + ".down_proj.weight", hiddenSize, intermediateSize));
        }
    }

    /// All are in two tensors, columns first: `<module>.gate_up_proj`, `[count][hidden size][2 · intermediate
    /// size]`
    /// with the gate before up, and `<module>.down_proj`, `[count][intermediate size][hidden size]`. Llama 4.
    record Stacked(String module, int count, int hiddenSize, int intermediateSize, HiddenActivation activation)
            implements Experts {
        public Stacked {
            check(module, count, hiddenSize, intermediateSize);
        }

        @Override
        public GatedMlp expert(int index) {
            Checks.between("expert", index, 0, count - 1);
            int both = Math.multiplyExact(2, intermediateSize);
            return mlp(
                    this,
                    new WeightRef(
                            module + ".gate_up_proj",
                            intermediateSize,
                            hiddenSize,
                            new WeightLayout.StackedColumnsFirst(count, index, both, 0)),
                    new WeightRef(
                            module + ".gate_up_proj",
                            intermediateSize,
                            hiddenSize,
                            new WeightLayout.StackedColumnsFirst(count, index, both, intermediateSize)),
                    new WeightRef(
                            module + ".down_proj",
                            hiddenSize,
                            intermediateSize,
                            new WeightLayout.StackedColumnsFirst(count, index, hiddenSize, 0)));
        }
    }

    private static void check(String module, int count, int hiddenSize, int intermediateSize) {
        Checks.name(module);
        Checks.positive("experts", count);
        Checks.positive("hidden size", hiddenSize);
        Checks.positive("intermediate size", intermediateSize);
    }

    private static GatedMlp mlp(Experts experts, WeightRef gate, WeightRef up, WeightRef down) {
        var none = new Bias.None();
        return new GatedMlp(
                experts.intermediateSize(),
                experts.activation(),
                new Linear(gate, none),
                new Linear(up, none),
                new Linear(down, none),
                new GatedMlp.Sparsity.None());
    }
}
