package dev.assay.mutants.interpret;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.SessionOptions;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.ResidualStream;

/// Parts of a right decoder, each by itself, from whatever input they are given: a sequence from its first position on.
public final class LayerReplay {
    private final DecoderPlan plan;
    private final Tensors tensors;

    /// @throws IllegalArgumentException if the plan has several residual streams, of which taps show only one
    public LayerReplay(DecoderPlan plan, Checkpoint checkpoint) {
        if (!isPossible(plan)) {
            throw new IllegalArgumentException("a layer of several residual streams cannot be replayed from one");
        }
        this.plan = plan;
        this.tensors = new Tensors(checkpoint);
    }

    /// Whether layers of a plan can be replayed from what taps show.
    public static boolean isPossible(DecoderPlan plan) {
        return switch (plan.residualStream()) {
            case ResidualStream.Single _ -> true;
            case ResidualStream.AltUp _ -> false;
        };
    }

    /// What a layer makes of its input, `[T][D]` both.
    public double[][] layer(int index, double[][] input) {
        return session(input.length).layer(index, new Call(0, input.length), input);
    }

    /// The final norm of the last layer's output, `[T][D]` both.
    public double[][] finalNorm(double[][] input) {
        return session(input.length).finalNorm(input);
    }

    /// Logits, `[T][V]`, of the final norm's output, `[T][D]`.
    public double[][] logits(double[][] normed) {
        return session(normed.length).logits(normed);
    }

    private InterpreterSession session(int positions) {
        return new InterpreterSession(plan, tensors, new Operations(), SessionOptions.ofContext(positions));
    }
}
