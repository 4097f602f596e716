package dev.assay.perf.run;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.reference.ReferenceEngine;

/// The reference with something changed: by itself, nothing is.
class AlteredEngine implements Engine {
    private final Engine reference = new ReferenceEngine();

    /// What becomes of a prediction of `prefill` or `decode` in a session with these options.
    Prediction prefilled(SessionOptions options, Prediction prediction) {
        return prediction;
    }

    Prediction decoded(SessionOptions options, Prediction prediction) {
        return prediction;
    }

    /// The logits with `difference` added to the last one of the last row.
    static Prediction off(Prediction prediction, float difference) {
        float[] last = FullLogits.of(prediction).last();
        last[last.length - 1] += difference;
        return prediction;
    }

    @Override
    public EngineInfo info() {
        return new EngineInfo(
                "altered", "Altered reference", "1", reference.info().compute());
    }

    @Override
    public Support supports(ModelConfig config) {
        return reference.supports(config);
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        Model model = reference.load(checkpoint, options);
        return new Model() {
            @Override
            public Session newSession(SessionOptions sessionOptions) {
                return altered(model.newSession(sessionOptions), sessionOptions);
            }

            @Override
            public Footprint footprint() {
                return model.footprint();
            }

            @Override
            public Execution execution() {
                return model.execution();
            }

            @Override
            public void close() {
                model.close();
            }
        };
    }

    private Session altered(Session session, SessionOptions options) {
        return new Session() {
            @Override
            public Prediction prefill(int[] tokens) {
                return prefilled(options, session.prefill(tokens));
            }

            @Override
            public Prediction decode(int token) {
                return decoded(options, session.decode(token));
            }

            @Override
            public int length() {
                return session.length();
            }

            @Override
            public long kvCacheBytes() {
                return session.kvCacheBytes();
            }

            @Override
            public void reset() {
                session.reset();
            }

            @Override
            public void close() {
                session.close();
            }
        };
    }
}
