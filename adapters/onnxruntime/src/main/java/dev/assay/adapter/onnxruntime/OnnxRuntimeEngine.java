package dev.assay.adapter.onnxruntime;

import ai.onnxruntime.OrtEnvironment;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// ONNX Runtime, found by [java.util.ServiceLoader] under the id `onnxruntime`.
///
/// It runs graphs, and a graph is of one configuration. Those of golden cases are committed; a model of any weights
/// under such a configuration runs, every other configuration is unsupported.
public final class OnnxRuntimeEngine implements Engine {
    /// No [Capability#KV_CACHE_BYTES]: the graphs have no cache.
    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS);

    @Override
    public EngineInfo info() {
        String version = OrtEnvironment.getEnvironment().getVersion();
        return new EngineInfo("onnxruntime", "ONNX Runtime (CPU)", version, ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        return Graphs.bundled().of(config).isPresent()
                ? new Support.Supported(CAPABILITIES)
                : new Support.Unsupported(reason(config));
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        if (options.kvCache() != KvCacheType.FLOAT32) {
            throw new UnsupportedModelException(
                    "the graphs have no KV cache that could hold " + options.kvCache() + " numbers");
        }
        Optional<Graph> graph = Graphs.bundled().of(checkpoint.config());
        return OnnxModel.load(
                graph.orElseThrow(() -> new UnsupportedModelException(reason(checkpoint.config()))),
                checkpoint,
                options);
    }

    private static String reason(ModelConfig config) {
        return "no exported graph for this configuration of "
                + config.architecture().title() + "; there are graphs of "
                + Graphs.bundled().all().size() + " golden cases";
    }
}
