package dev.assay.adapter.jlama;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.tensor.KvBufferCache;
import com.github.tjake.jlama.tensor.operations.TensorOperationsProvider;
import com.github.tjake.jlama.util.MachineSpec;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.List;

/// A model of Jlama.
final class JlamaModel implements Model {
    private final AbstractModel jlama;
    private final KvBufferCache caches;
    private final int vocabSize;
    private final int threads;

    JlamaModel(AbstractModel jlama, int vocabSize, int threads) {
        this.jlama = jlama;
        this.caches = new KvBufferCache(jlama);
        this.vocabSize = vocabSize;
        this.threads = threads;
    }

    @Override
    public Session newSession(SessionOptions options) {
        return new JlamaSession(jlama, caches, vocabSize, options);
    }

    @Override
    public Footprint footprint() {
        return new Footprint(0, Float.BYTES);
    }

    @Override
    public Execution execution() {
        int vectorBits = switch (MachineSpec.VECTOR_TYPE) {
            case AVX_512 -> 512;
            case AVX_256 -> 256;
            case ARM_128 -> 128;
            case NONE -> 0;
        };
        return new Execution(
                TensorOperationsProvider.get().name(),
                vectorBits,
                threads,
                List.of("weights are given as float32, so that activations are not rounded to bf16"));
    }

    @Override
    public void close() {
        caches.close();
        jlama.close();
    }
}
