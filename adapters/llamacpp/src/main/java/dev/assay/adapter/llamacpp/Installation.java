package dev.assay.adapter.llamacpp;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The llama.cpp of this process: the one in the folder that `ASSAY_LLAMACPP` names, else the one in the jar of
/// `de.kherud:llama`.
sealed interface Installation {
    /// Names a folder with `libllama` and the libraries it needs.
    String FOLDER = "ASSAY_LLAMACPP";

    /// A library that can be called.
    ///
    /// @param source where it comes from, for people
    record Found(Release release, LlamaLibrary library, String source) implements Installation {}

    /// None can be called.
    ///
    /// @param reason one sentence
    record Missing(String reason) implements Installation {}

    /// Looked for once a process: a library cannot be loaded twice with different settings.
    static Installation get() {
        return Holder.FOUND;
    }

    /// Loads what is found when first asked for.
    @SuppressWarnings("restricted") // Loading C libraries is what this class is for.
    final class Holder {
        private static final Installation FOUND = find(System.getenv(FOLDER));

        private Holder() {}

        private static Installation find(@Nullable String folder) {
            try {
                return folder == null ? ofJar() : ofFolder(Path.of(folder));
            } catch (IOException | IllegalArgumentException | LlamaCppException e) {
                return new Missing("llama.cpp cannot be loaded: " + e.getMessage());
            }
        }

        private static Installation ofFolder(Path folder) throws IOException {
            Path file;
            try (Stream<Path> files = Files.list(folder)) {
                file = files.filter(path -> path.getFileName().toString().matches("libllama(\\.[^-]*)?\\.(so|dylib)"))
                        .min(Path::compareTo)
                        .orElseThrow(() -> new LlamaCppException(FOLDER + ": " + folder + " has no libllama.so"));
            }
            SymbolLookup symbols = SymbolLookup.libraryLookup(file, Arena.global());
            loadBackends(symbols, folder);
            return of(symbols, file.toString());
        }

        /// Kernels for kinds of processors are libraries of their own, if there are any.
        private static void loadBackends(SymbolLookup symbols, Path folder) {
            symbols.find("ggml_backend_load_all_from_path").ifPresent(address -> {
                MethodHandle load =
                        Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
                try (Arena arena = Arena.ofConfined()) {
                    MethodHandleProxies.asInterfaceInstance(LlamaLibrary.Act.class, load)
                            .call(arena.allocateFrom(folder.toString()));
                }
            });
        }

        private static Installation ofJar() throws IOException {
            String resource = "de/kherud/llama/" + platform();
            Path file = Files.createTempFile("assay-llamacpp-", ".lib");
            try (InputStream in = Installation.class.getClassLoader().getResourceAsStream(resource)) {
                if (in == null) {
                    return new Missing("llama.cpp has no library for this platform in the jar: " + resource);
                }
                Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                return of(SymbolLookup.libraryLookup(file, Arena.global()), resource);
            } finally {
                // Once loaded, the library needs no name any more.
                Files.deleteIfExists(file);
            }
        }

        private static String platform() {
            String system = System.getProperty("os.name", "");
            String processor = System.getProperty("os.arch", "").replace("amd64", "x86_64");
            return system.toLowerCase(Locale.ROOT).startsWith("mac")
                    ? "Mac/" + processor + "/libjllama.dylib"
                    : "Linux/" + processor + "/libjllama.so";
        }

        private static Installation of(SymbolLookup symbols, String source) {
            String version = version(symbols);
            for (Release release : Release.values()) {
                if (version.startsWith(release.version())) {
                    return new Found(release, new LlamaLibrary(release, symbols), source);
                }
            }
            return new Missing("the structures of llama.cpp " + version + ", found in " + source
                    + ", are not known; known are those of b4916 and 0.5.0");
        }

        private static String version(SymbolLookup symbols) {
            return symbols.find("llama_version")
                    .map(Holder::text)
                    .or(() -> symbols.find("LLAMA_BUILD_NUMBER")
                            .map(number ->
                                    "b" + number.reinterpret(Integer.BYTES).get(ValueLayout.JAVA_INT, 0)))
                    .orElse("of an unknown version");
        }

        private static String text(MemorySegment function) {
            MethodHandle handle =
                    Linker.nativeLinker().downcallHandle(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
            MethodHandle ignoring = MethodHandles.dropArguments(handle, 0, MemorySegment.class);
            return MethodHandleProxies.asInterfaceInstance(LlamaLibrary.Get.class, ignoring)
                    .call(MemorySegment.NULL)
                    .reinterpret(Integer.MAX_VALUE)
                    .getString(0);
        }
    }
}
