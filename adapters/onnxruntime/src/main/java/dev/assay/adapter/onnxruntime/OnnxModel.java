package dev.assay.adapter.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A graph with the weights of a checkpoint. Sessions may run it at the same time.
final class OnnxModel implements Model {
    private static final String INPUT = "input_ids";
    private static final String OUTPUT = "logits";

    private final OrtEnvironment environment;
    private final OrtSession runtime;
    private final Graph graph;
    private final LoadOptions options;
    private final long weightBytes;
    private boolean closed;

    private OnnxModel(
            OrtEnvironment environment, OrtSession runtime, Graph graph, LoadOptions options, long weightBytes) {
        this.environment = environment;
        this.runtime = runtime;
        this.graph = graph;
        this.options = options;
        this.weightBytes = weightBytes;
    }

    /// Gives every tensor of the checkpoint, in float32, to the initialiser of its name.
    ///
    /// @throws OnnxRuntimeException if the graph has no such initialiser, or lacks a value for one
    static OnnxModel load(Graph graph, Checkpoint checkpoint, LoadOptions options) {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensorLike> weights = new HashMap<>();
        try (OrtSession.SessionOptions settings = new OrtSession.SessionOptions()) {
            settings.setIntraOpNumThreads(options.threads());
            settings.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            long weightBytes = 0;
            for (TensorInfo info : checkpoint.tensors()) {
                weights.put(info.name(), weight(environment, checkpoint, info));
                weightBytes += info.elements() * Float.BYTES;
            }
            settings.addExternalInitializers(weights);
            OrtSession runtime = environment.createSession(Graphs.bundled().read(graph), settings);
            return new OnnxModel(environment, runtime, graph, options, weightBytes);
        } catch (OrtException e) {
            throw new OnnxRuntimeException("loading the graph of " + graph.golden(), e);
        } finally {
            // Creating a session copies them.
            weights.values().forEach(OnnxTensorLike::close);
        }
    }

    private static OnnxTensor weight(OrtEnvironment environment, Checkpoint checkpoint, TensorInfo info)
            throws OrtException {
        int[] shape = info.shape().stream().mapToInt(Integer::intValue).toArray();
        Tensor tensor = checkpoint.tensor(info.name(), shape);
        int elements = Math.toIntExact(info.elements());
        FloatBuffer values = ByteBuffer.allocateDirect(Math.multiplyExact(elements, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        for (int i = 0; i < elements; i++) {
            values.put(i, tensor.at(i));
        }
        long[] dimensions = info.shape().stream().mapToLong(Integer::longValue).toArray();
        return OnnxTensor.createTensor(environment, values, dimensions);
    }

    @Override
    public Session newSession(SessionOptions sessionOptions) {
        requireOpen();
        return new OnnxSession(this, sessionOptions);
    }

    int vocabSize() {
        return graph.config().vocabSize();
    }

    /// Logits of the last `rows` positions of a sequence, `[rows][V]`.
    float[][] logits(int[] tokens, int rows) {
        requireOpen();
        long[] ids = Arrays.stream(tokens).asLongStream().toArray();
        try (OnnxTensor input = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), new long[] {1, ids.length});
                OrtSession.Result result = runtime.run(Map.of(INPUT, input), Set.of(OUTPUT))) {
            float[][] all = ((float[][][]) result.get(0).getValue())[0]; // [T][V]
            return Arrays.copyOfRange(all, all.length - rows, all.length);
        } catch (OrtException e) {
            throw new OnnxRuntimeException("running the graph of " + graph.golden(), e);
        }
    }

    @Override
    public Footprint footprint() {
        return new Footprint(weightBytes, 0);
    }

    @Override
    public Execution execution() {
        Graphs graphs = Graphs.bundled();
        return new Execution(
                "onnxruntime-cpu",
                0,
                options.threads(),
                List.of(
                        "The graph is that of the golden case " + graph.golden() + ", opset " + graphs.opset()
                                + ", exported with " + graphs.exporter() + ".",
                        "Weights are decoded to float32 and given to the graph under their published names.",
                        "All of ONNX Runtime's optimisations are on; which vector registers it uses, it does not say.",
                        "There is no KV cache: every call runs the whole sequence again."));
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            runtime.close();
        } catch (OrtException e) {
            throw new OnnxRuntimeException("closing the graph of " + graph.golden(), e);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }
}
