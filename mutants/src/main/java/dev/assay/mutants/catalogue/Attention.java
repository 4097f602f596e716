package dev.assay.mutants.catalogue;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Norm;

/// Edits that bugs of several families share.
final class Attention {
    private Attention() {}

    /// Scores scaled as if heads shared out the hidden size.
    static Layer scaledByShareOfHidden(DecoderPlan plan, Layer layer) {
        return layer.mixer() instanceof GroupedQueryAttention attention
                ? Edits.with(
                        layer,
                        Edits.with(attention, 1 / Math.sqrt((double) plan.hiddenSize() / attention.queryHeads())))
                : layer;
    }

    static Norm withEps(Norm norm, double eps) {
        return switch (norm) {
            case Norm.Rms(var weight, double _) -> new Norm.Rms(weight, eps);
            case Norm.RmsOnePlus(var weight, double _) -> new Norm.RmsOnePlus(weight, eps);
            case Norm.RmsUnweighted(int size, double _) -> new Norm.RmsUnweighted(size, eps);
            case Norm.LayerNorm(var weight, var bias, double _) -> new Norm.LayerNorm(weight, bias, eps);
        };
    }
}
