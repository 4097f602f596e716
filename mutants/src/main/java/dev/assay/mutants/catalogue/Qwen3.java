package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.firstOf;
import static dev.assay.mutants.catalogue.Shows.inLayer;
import static dev.assay.mutants.catalogue.Shows.inLogits;
import static dev.assay.mutants.catalogue.Shows.refused;
import static dev.assay.mutants.catalogue.Shows.violates;

import dev.assay.config.Architecture;
import dev.assay.engine.Tap;
import dev.assay.mutants.interpret.Call;
import dev.assay.mutants.interpret.Choice;
import dev.assay.mutants.interpret.Gain;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.OutputHead;
import dev.assay.plan.QkNorm;
import dev.assay.plan.Router;
import dev.assay.plan.Router.Weighting;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// Qwen3, dense and with experts.
final class Qwen3 {
    private static final Set<Architecture> MOE = EnumSet.of(Architecture.QWEN_3_MOE);
    private static final Set<Architecture> BOTH = EnumSet.of(Architecture.QWEN_3, Architecture.QWEN_3_MOE);

    private Qwen3() {}

    static List<Mutant> mutants() {
        Expected experts = firstOf(Tap.FEED_FORWARD, Qwen3::routes);
        Expected scores = inLayer(Tap.CONTEXT, 0);
        return List.of(
                new Mutant(
                        "Q01",
                        "norm_topk_prob taken as false",
                        "HF #41151 (GGUF); Swiftlet PR #6",
                        MOE,
                        new Mutation.OfPlan(Edits.weighting(_ -> new Weighting.Score(1))),
                        experts),
                new Mutant(
                        "Q02",
                        "weights of the chosen made to sum to 1 though norm_topk_prob is false, which is a softmax over their logits",
                        "GPULlama3 973cdf3; QwenLM/Qwen3 #687 (Q03)",
                        MOE,
                        new Mutation.OfPlan(Edits.weighting(_ -> new Weighting.ShareOfChosen(0, 1))),
                        experts),
                new Mutant(
                        "Q04",
                        "top-k starts from 0 and finds nothing where all router logits are negative",
                        "vLLM #37591, PR #37605; flashinfer #2822",
                        MOE,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public Choice route(Router router, double[] logits, double[] bias) {
                                if (Arrays.stream(logits).anyMatch(logit -> logit > 0)
                                        || !(router instanceof Router.SoftmaxTopK softmax)) {
                                    return super.route(router, logits, bias);
                                }
                                int[] leading =
                                        IntStream.range(0, router.topK()).toArray();
                                return weighed(softmax.weighting(), softmax(logits), leading);
                            }
                        }),
                        new Expected.Among(Tap.FEED_FORWARD, Qwen3::routes)),
                new Mutant(
                        "Q05",
                        "QK-norm after rotary",
                        "torchtune #2809; unsloth PR #2427",
                        EnumSet.of(Architecture.QWEN_3, Architecture.QWEN_3_MOE, Architecture.GEMMA_3),
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double[][] heads(
                                    GroupedQueryAttention attention,
                                    Gain gain,
                                    double[] projected,
                                    Call call,
                                    int position) {
                                return each(
                                        split(projected, attention.headDim()),
                                        head -> norm(gain, rotate(attention.rotary(), head, position)));
                            }
                        }),
                        scores),
                new Mutant(
                        "Q06",
                        "head dim taken as hidden size over heads; planted in the score scale, as shapes would refuse it",
                        "rapid_llm #15; notorch #86",
                        BOTH,
                        new Mutation.OfPlan(
                                Edits.layers((plan, _, layer) -> Attention.scaledByShareOfHidden(plan, layer))),
                        scores),
                new Mutant(
                        "Q07",
                        "rms_norm_eps taken as 1e-5",
                        "MinivLLM #82",
                        BOTH,
                        new Mutation.OfPlan(Edits.norms(norm -> Attention.withEps(norm, 1e-5))),
                        inLayer(Tap.ATTENTION_INPUT, 0)),
                new Mutant(
                        "Q08a",
                        "head taken as untied in a tied model",
                        "pegainfer #544",
                        BOTH,
                        new Mutation.OfConfig((_, json) -> json.put("tie_word_embeddings", false)),
                        refused()),
                new Mutant(
                        "Q08b",
                        "head taken as tied in an untied model",
                        "pegainfer #544",
                        BOTH,
                        new Mutation.OfPlan(plan -> Edits.withHead(
                                plan, new OutputHead.Tied(plan.head().softcap()))),
                        inLogits()),
                new Mutant(
                        "Q09a",
                        "QK-norm absent",
                        "LLMPlayer CUDA",
                        BOTH,
                        new Mutation.OfPlan(Edits.groupedQuery(attention -> Edits.with(attention, new QkNorm.None()))),
                        scores),
                new Mutant(
                        "Q09b",
                        "QK-norm absent in the path for one token",
                        "LLMPlayer CUDA",
                        BOTH,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double[][] heads(
                                    GroupedQueryAttention attention,
                                    Gain gain,
                                    double[] projected,
                                    Call call,
                                    int position) {
                                return call.tokens() > 1
                                        ? super.heads(attention, gain, projected, call, position)
                                        : each(
                                                split(projected, attention.headDim()),
                                                head -> rotate(attention.rotary(), head, position));
                            }
                        }),
                        scores),
                new Mutant(
                        "Q10",
                        "race in the reduction of RMS norms: now and then a partial sum is lost",
                        "GPULlama3 PR #132",
                        BOTH,
                        new Mutation.OfOperations(Edits.always(), Race::new),
                        violates(
                                "one-shot",
                                "token-by-token",
                                "chunked-prefill",
                                "decode-after-prefill",
                                "reset-and-rerun",
                                "interleaved-sessions",
                                "causality")));
    }

    /// Loses the last element's square in one norm out of 97.
    private static final class Race extends Operations {
        private int norms;

        @Override
        public double[] norm(Gain gain, double[] x) {
            norms++;
            if (norms % 97 != 0) {
                return super.norm(gain, x);
            }
            double lost = x[x.length - 1] * x[x.length - 1] / x.length;
            double eps = Math.max(0, gain.norm().eps() - lost);
            return super.norm(new Gain(Attention.withEps(gain.norm(), eps), gain.weight(), gain.bias()), x);
        }
    }

    private static boolean routes(Layer layer) {
        return layer.feedForward() instanceof MixtureOfExperts;
    }
}
