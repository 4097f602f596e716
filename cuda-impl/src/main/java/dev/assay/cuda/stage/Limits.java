package dev.assay.cuda.stage;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Norm;
import dev.assay.plan.QkNorm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the kernels cannot do: they keep a head, a value and the scores of a token's experts in room of fixed size.
public final class Limits {
    /// `WIDEST_HEAD` of attention.cu.
    private static final int HEAD_DIM = 256;
    /// `VALUES_A_THREAD` of attention.cu times the threads of a block.
    private static final int VALUE_WIDTH = 8 * AttentionLauncher.ATTENTION_THREADS;
    /// `MOST_EXPERTS` of experts.cu.
    private static final int EXPERTS = 512;

    private Limits() {}

    /// Why there are no kernels for a plan; none if there are.
    public static Optional<String> reason(DecoderPlan plan) {
        return plan.layers().stream()
                .map(Limits::reason)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> reason(Layer layer) {
        List<String> reasons = new ArrayList<>();
        switch (layer.mixer()) {
            case GroupedQueryAttention attention -> {
                atMost("head dim", attention.headDim(), HEAD_DIM, reasons);
                layerNormOfHeads(attention).ifPresent(norm -> reasons.add("no kernel normalises heads by " + norm));
            }
            case LatentAttention attention -> atMost("latent dim", attention.latentDim(), VALUE_WIDTH, reasons);
        }
        if (layer.feedForward() instanceof MixtureOfExperts moe) {
            atMost("number of experts", moe.router().experts(), EXPERTS, reasons);
        }
        return reasons.stream().findFirst();
    }

    private static Optional<Norm> layerNormOfHeads(GroupedQueryAttention attention) {
        List<Norm> norms = new ArrayList<>();
        switch (attention.qkNorm()) {
            case QkNorm.None _, QkNorm.WholeProjection _, QkNorm.UnweightedAfterRotary _ -> {}
            case QkNorm.PerHead(Norm queries, Norm keys) -> {
                norms.add(queries);
                norms.add(keys);
            }
            case QkNorm.PerHeadQueriesOnly(Norm queries) -> norms.add(queries);
        }
        switch (attention.keyValue()) {
            case GroupedQueryAttention.KeyValueSource.Own own -> {
                switch (own.valueNorm()) {
                    case GroupedQueryAttention.ValueNorm.None _ -> {}
                    case GroupedQueryAttention.ValueNorm.PerHead(Norm norm) -> norms.add(norm);
                }
            }
            case GroupedQueryAttention.KeyValueSource.SharedWith _ -> {}
        }
        return norms.stream().filter(Norm.LayerNorm.class::isInstance).findFirst();
    }

    private static void atMost(String what, int found, int most, List<String> reasons) {
        if (found > most) {
            reasons.add("no kernel for a " + what + " of " + found + ", only for up to " + most);
        }
    }
}
