package dev.assay.perf.run;

import dev.assay.engine.LogitsScope;
import dev.assay.perf.model.BenchModel;
import dev.assay.plan.cost.KvCacheCount;
import dev.assay.plan.cost.PhaseCost;

/// What a workload must do and move at least, by formula.
///
/// @param prefillFlops of the whole prompt
/// @param decodeBytesPerToken weights and cache, the mean over the decoded tokens
/// @param decodeFlopsPerToken the mean over the decoded tokens
/// @param kvCacheBytes after the last token
record WorkloadCost(long prefillFlops, double decodeBytesPerToken, double decodeFlopsPerToken, long kvCacheBytes) {
    /// @param bytesPerCached of a number in the cache
    static WorkloadCost of(BenchModel model, Workload workload, int bytesPerCached) {
        int prompt = workload.prompt().length;
        int decoded = workload.decoded().length;
        PhaseCost prefill =
                PhaseCost.prefill(model.plan(), prompt, LogitsScope.LAST_POSITION, model.weightBytes(), bytesPerCached);
        double bytes = 0;
        double flops = 0;
        for (int position = prompt; position < workload.length(); position++) {
            PhaseCost token = PhaseCost.decode(model.plan(), position, model.weightBytes(), bytesPerCached);
            bytes += (double) token.weightBytes() + token.cacheBytesRead() + token.cacheBytesWritten();
            flops += token.flops();
        }
        return new WorkloadCost(
                prefill.flops(),
                bytes / decoded,
                flops / decoded,
                KvCacheCount.of(model.plan()).live(workload.length()) * bytesPerCached);
    }
}
