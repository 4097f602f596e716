package dev.assay.adapter.llamacpp;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// The functions of llama.cpp's C interface that a model and its sessions need, one release of it.
///
/// Structures go by value and are opaque here, but for the fields that [Release] knows. A failed assertion inside ends
/// the process.
@SuppressWarnings("restricted") // Calling C is what this class is for.
final class LlamaLibrary {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    /// ggml's `GGML_TYPE_F32`.
    private static final int FLOAT32 = 0;

    /// ggml's `GGML_LOG_LEVEL_ERROR`.
    private static final int ERROR = 4;

    /// Size of `llama_batch` in bytes: the number of tokens, and six pointers.
    private static final long BATCH_BYTES = 56;

    /// `struct llama_*_params llama_*_default_params(void)`.
    @FunctionalInterface
    public interface Defaults {
        MemorySegment call(SegmentAllocator allocator);
    }

    /// `llama_model_load_from_file` and `llama_init_from_model`: null if it fails.
    @FunctionalInterface
    public interface Open {
        MemorySegment call(MemorySegment from, MemorySegment params);
    }

    /// `llama_decode`: 0 if it succeeds.
    @FunctionalInterface
    public interface Decode {
        int call(MemorySegment context, MemorySegment batch);
    }

    /// `llama_get_logits`: the rows that the last batch asked for, one after the other.
    @FunctionalInterface
    public interface Get {
        MemorySegment call(MemorySegment context);
    }

    /// Functions that change or free what they are given.
    @FunctionalInterface
    public interface Act {
        void call(MemorySegment object);
    }

    private final Release release;
    private final Defaults modelDefaults;
    private final Open loadModel;
    private final Act freeModel;
    private final Defaults contextDefaults;
    private final Open newContext;
    private final Act freeContext;
    private final Decode decode;
    private final Get logits;
    private final Act clear;
    /// What llama.cpp has complained of since the last success; its first complaint is the cause of the others.
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());

    /// @throws LlamaCppException if a function is missing
    LlamaLibrary(Release release, SymbolLookup symbols) {
        this.release = release;
        StructLayout modelParams = opaque(release.modelParamsBytes());
        StructLayout contextParams = opaque(release.contextParamsBytes());
        FunctionDescriptor act = FunctionDescriptor.ofVoid(POINTER);
        modelDefaults = bind(
                Defaults.class, function(symbols, "llama_model_default_params", FunctionDescriptor.of(modelParams)));
        loadModel = bind(
                Open.class,
                function(symbols, "llama_model_load_from_file", FunctionDescriptor.of(POINTER, POINTER, modelParams)));
        freeModel = bind(Act.class, function(symbols, "llama_model_free", act));
        contextDefaults = bind(
                Defaults.class,
                function(symbols, "llama_context_default_params", FunctionDescriptor.of(contextParams)));
        newContext = bind(
                Open.class,
                function(symbols, "llama_init_from_model", FunctionDescriptor.of(POINTER, POINTER, contextParams)));
        freeContext = bind(Act.class, function(symbols, "llama_free", act));
        decode = bind(
                Decode.class,
                function(symbols, "llama_decode", FunctionDescriptor.of(INT, POINTER, opaque(BATCH_BYTES))));
        logits = bind(Get.class, function(symbols, "llama_get_logits", FunctionDescriptor.of(POINTER, POINTER)));
        clear = bind(
                Act.class,
                switch (release) {
                    case B4916 -> function(symbols, "llama_kv_self_clear", act);
                    case V0_5_0 -> {
                        MethodHandle memory =
                                function(symbols, "llama_get_memory", FunctionDescriptor.of(POINTER, POINTER));
                        MethodHandle clearMemory = function(
                                symbols,
                                "llama_memory_clear",
                                FunctionDescriptor.ofVoid(POINTER, ValueLayout.JAVA_BOOLEAN));
                        yield MethodHandles.filterArguments(
                                MethodHandles.insertArguments(clearMemory, 1, true), 0, memory);
                    }
                });
        keepComplaints(symbols);
    }

    private static MethodHandle function(SymbolLookup symbols, String name, FunctionDescriptor type) {
        MemorySegment address =
                symbols.find(name).orElseThrow(() -> new LlamaCppException("the library has no function " + name));
        return Linker.nativeLinker().downcallHandle(address, type);
    }

    private static <T> T bind(Class<T> type, MethodHandle function) {
        return MethodHandleProxies.asInterfaceInstance(type, function);
    }

    private static StructLayout opaque(long bytes) {
        return MemoryLayout.structLayout(MemoryLayout.sequenceLayout(bytes / Long.BYTES, ValueLayout.JAVA_LONG));
    }

    /// Takes llama.cpp's messages, which would go to standard error, and keeps its complaints.
    private void keepComplaints(SymbolLookup symbols) {
        try {
            MethodHandle log = MethodHandles.lookup()
                    .bind(
                            this,
                            "log",
                            MethodType.methodType(void.class, int.class, MemorySegment.class, MemorySegment.class));
            MemorySegment callback = Linker.nativeLinker()
                    .upcallStub(log, FunctionDescriptor.ofVoid(INT, POINTER, POINTER), Arena.global());
            MethodHandle setLog = function(symbols, "llama_log_set", FunctionDescriptor.ofVoid(POINTER, POINTER));
            bind(Act.class, MethodHandles.insertArguments(setLog, 1, MemorySegment.NULL))
                    .call(callback);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this class has a method log", e);
        }
    }

    /// Called by llama.cpp.
    @SuppressWarnings("unused")
    private void log(int level, MemorySegment text, MemorySegment user) {
        if (level == ERROR) {
            complaints.add(text.reinterpret(Integer.MAX_VALUE).getString(0).strip());
        }
    }

    /// Loads a model.
    ///
    /// @return to be freed with [#freeModel]
    /// @throws LlamaCppException if llama.cpp refuses the file
    MemorySegment loadModel(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment model = loadModel.call(arena.allocateFrom(file.toString()), modelDefaults.call(arena));
            return nonNull(model, "loading the model");
        }
    }

    void freeModel(MemorySegment model) {
        freeModel.call(model);
    }

    /// Opens a context: float32 cache, no flash attention, whole prompts in one batch.
    ///
    /// @param betas YaRN's ramp; empty to leave llama.cpp its own
    /// @return to be freed with [#freeContext]
    /// @throws LlamaCppException if llama.cpp refuses
    MemorySegment newContext(MemorySegment model, int positions, int threads, Optional<Betas> betas) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = contextDefaults.call(arena);
            params.set(INT, 0, positions); // n_ctx
            params.set(INT, 4, positions); // n_batch
            params.set(INT, 8, positions); // n_ubatch
            params.set(INT, release.threads(), threads);
            params.set(INT, release.threads() + 4, threads);
            params.set(INT, release.cacheTypes(), FLOAT32);
            params.set(INT, release.cacheTypes() + 4, FLOAT32);
            betas.ifPresent(ramp -> {
                params.set(FLOAT, release.betas(), ramp.fast());
                params.set(FLOAT, release.betas() + 4, ramp.slow());
            });
            switch (release) {
                case B4916 -> params.set(ValueLayout.JAVA_BOOLEAN, release.flashAttention(), false);
                case V0_5_0 -> params.set(INT, release.flashAttention(), 0);
            }
            return nonNull(newContext.call(model, params), "opening a context");
        }
    }

    void freeContext(MemorySegment context) {
        freeContext.call(context);
    }

    /// Forgets all positions.
    void clear(MemorySegment context) {
        clear.call(context);
    }

    /// Appends tokens at positions from `first` on.
    ///
    /// @param from the first of the tokens whose logits are returned
    /// @return `[tokens.length - from][vocabSize]`
    /// @throws LlamaCppException if llama.cpp fails
    float[][] decode(MemorySegment context, int[] tokens, int first, int from, int vocabSize) {
        int count = tokens.length;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment positions = arena.allocate(INT, count);
            MemorySegment sequenceCounts = arena.allocate(INT, count);
            MemorySegment sequences = arena.allocate(POINTER, count);
            MemorySegment outputs = arena.allocate(count);
            MemorySegment sequence = arena.allocateFrom(INT, 0);
            for (int i = 0; i < count; i++) {
                positions.setAtIndex(INT, i, first + i);
                sequenceCounts.setAtIndex(INT, i, 1);
                sequences.setAtIndex(POINTER, i, sequence);
                outputs.set(ValueLayout.JAVA_BYTE, i, (byte) (i < from ? 0 : 1));
            }
            MemorySegment batch = arena.allocate(BATCH_BYTES, Long.BYTES);
            batch.set(INT, 0, count);
            batch.set(POINTER, 8, arena.allocateFrom(INT, tokens));
            batch.set(POINTER, 24, positions); // at 16 embeddings, in place of tokens
            batch.set(POINTER, 32, sequenceCounts);
            batch.set(POINTER, 40, sequences);
            batch.set(POINTER, 48, outputs);
            int status = decode.call(context, batch);
            if (status != 0) {
                throw failure("llama_decode returned " + status);
            }
        }
        int rows = count - from;
        MemorySegment values = logits.call(context).reinterpret((long) rows * vocabSize * Float.BYTES);
        float[][] result = new float[rows][vocabSize];
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(values, FLOAT, (long) row * vocabSize * Float.BYTES, result[row], 0, vocabSize);
        }
        return result;
    }

    private MemorySegment nonNull(MemorySegment pointer, String what) {
        if (pointer.equals(MemorySegment.NULL)) {
            throw failure(what);
        }
        complaints.clear();
        return pointer;
    }

    private LlamaCppException failure(String what) {
        String reason = complaints.isEmpty() ? "it says nothing more" : complaints.getFirst();
        complaints.clear();
        return new LlamaCppException(what + ": " + reason);
    }
}
