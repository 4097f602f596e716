package dev.assay.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/// The kernels, loaded into a device: cubins, which are machine code, where there are those of its compute
/// capability, else PTX, which the driver compiles for it and keeps in a cache on disk. A cubin that the driver
/// rejects, as one older than its assembler may, gives way to PTX. For the device's thread; never unloaded.
public final class KernelImage {
    /// The files of kernels that every device has.
    public static final List<String> FILES =
            List.of("attention", "cublas", "experts", "flash", "linear", "prepare", "tiles", "tokens");

    /// Architectures that there is PTX for, newest first: PTX runs on its own architecture and all later ones.
    private static final List<Integer> TARGETS = List.of(90, 75);

    /// Files of kernels from instructions that one compute capability has, and no later one.
    public static final String WIDE = "wide";

    public static final String ROUNDED = "rounded";
    /// All of them.
    public static final List<String> GROUP_FILES = List.of(WIDE, ROUNDED);
    /// That compute capability, as major · 10 + minor.
    public static final int GROUP_CAPABILITY = 90;

    private static final String GROUP_TARGET = "90a";

    /// The compute capability that there are cubins for: they run on no other.
    private static final int CUBIN_CAPABILITY = 90;

    private static final int LOG_BYTES = 8192;
    private static final int ERROR_LOG_BUFFER = 5;
    private static final int ERROR_LOG_BUFFER_SIZE = 6;
    private static final int MAX_DYNAMIC_SHARED_BYTES = 8;
    private static final int PREFERRED_SHARED_MEMORY_CARVEOUT = 9;
    /// Percent of a multiprocessor's memory that every kernel has as shared memory: a multiprocessor that divides
    /// it otherwise for the next kernel must be empty before that starts. The rest, 92 KiB of 256 on an H200,
    /// still holds the widest inputs in the first-level cache, where blocks share them.
    private static final int SHARED_MEMORY_PERCENT = 71;

    private final Driver driver;
    private final int target;
    private final Map<String, LoadedFile> modules = new LinkedHashMap<>();
    private final Map<String, Function> functions = new HashMap<>();

    /// Loads them.
    ///
    /// @throws AbsentException if the driver rejects them
    public static KernelImage load(Device device, Images images) throws AbsentException {
        return device.callWhileOpening(() -> new KernelImage(device, images));
    }

    private KernelImage(Device device, Images images) throws AbsentException {
        this.driver = device.driver();
        this.target = TARGETS.stream()
                .filter(architecture -> architecture <= device.capability())
                .findFirst()
                .orElseThrow();
        boolean cubins = switch (images) {
            case CUBIN -> device.capability() == CUBIN_CAPABILITY;
            case PTX -> false;
        };
        for (String file : FILES) {
            modules.put(file, load(file, Integer.toString(target), cubins));
        }
        if (device.capability() == GROUP_CAPABILITY) {
            for (String file : GROUP_FILES) {
                modules.put(file, load(file, GROUP_TARGET, cubins));
            }
        }
    }

    /// Architecture of the kernels in use, as major · 10 + minor.
    public int target() {
        return target;
    }

    /// What was loaded, for people: `cubin sm_90 and cubin sm_90a`. With PTX instead of a cubin comes the reason.
    public String inUse() {
        return modules.values().stream().map(LoadedFile::image).distinct().collect(Collectors.joining(" and "));
    }

    /// Whether the device has the kernels of a file.
    public boolean has(String file) {
        return modules.containsKey(file);
    }

    /// The PTX of a file for an architecture.
    ///
    /// @param target major · 10 + minor, and `a` if it is for no later one
    public static String ptx(String file, String target) {
        try (InputStream in = resource("ptx/sm_" + target + "/" + file + ".ptx")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The cubin of a file, an ELF file, for an architecture that there is one for.
    ///
    /// @param target as of [#ptx]
    static byte[] cubin(String file, String target) {
        try (InputStream in = new GZIPInputStream(resource("cubin/sm_" + target + "/" + file + ".cubin.gz"))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream resource(String name) {
        InputStream in = KernelImage.class.getResourceAsStream("/dev/assay/cuda/" + name);
        if (in == null) {
            throw new IllegalStateException("no resource " + name);
        }
        return in;
    }

    /// The first of a file's images that the driver takes.
    private LoadedFile load(String file, String target, boolean cubins) throws AbsentException {
        String ptx = ptx(file, target);
        Image text = new Image("PTX sm_" + target, (ptx + "\0").getBytes(StandardCharsets.UTF_8));
        List<Image> offers =
                cubins ? List.of(new Image("cubin sm_" + target, cubin(file, target)), text) : List.of(text);
        List<String> rejections = new ArrayList<>();
        for (Image offer : offers) {
            switch (offer(offer)) {
                case Answer.Taken(long module) -> {
                    String instead = rejections.isEmpty() ? "" : " (the driver rejects " + rejections.getFirst() + ")";
                    return new LoadedFile(module, ptx, offer.name + instead);
                }
                case Answer.Rejected(String reason) -> rejections.add(offer.name + " with " + reason);
            }
        }
        throw new AbsentException("the driver rejects the kernels of " + file + ": " + String.join("; ", rejections));
    }

    private Answer offer(Image image) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment module = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment log = arena.allocate(LOG_BYTES);
            MemorySegment options = arena.allocateFrom(ValueLayout.JAVA_INT, ERROR_LOG_BUFFER, ERROR_LOG_BUFFER_SIZE);
            // Numbers stand in the slots of pointers.
            MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES);
            MemorySegment bytes = arena.allocate(image.bytes.length, Long.BYTES);
            MemorySegment.copy(image.bytes, 0, bytes, ValueLayout.JAVA_BYTE, 0, image.bytes.length);
            int code = driver.tryCall(
                    "cuModuleLoadDataEx", module.address(), bytes.address(), 2, options.address(), values.address());
            if (code == 0) {
                return new Answer.Taken(module.get(ValueLayout.JAVA_LONG, 0));
            }
            String said = log.getString(0, StandardCharsets.UTF_8).strip();
            return new Answer.Rejected(code + " " + driver.errorName(code) + (said.isEmpty() ? "" : ": " + said));
        }
    }

    /// A launch of a kernel, which may use as much dynamic shared memory as was ever asked for.
    ///
    /// @throws IllegalArgumentException if the number of arguments is not that of the kernel's parameters
    public Launch launch(
            String file,
            String name,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            long... arguments) {
        Function function = functions.computeIfAbsent(name, _ -> find(file, name));
        if (arguments.length != function.parameters) {
            throw new IllegalArgumentException("the kernel " + name + " has " + function.parameters
                    + " parameters, and " + arguments.length + " arguments were given");
        }
        if (sharedBytes > function.sharedBytes) {
            driver.call("cuFuncSetAttribute", function.handle, MAX_DYNAMIC_SHARED_BYTES, sharedBytes);
            function.sharedBytes = sharedBytes;
        }
        return new Launch(function.handle, gridX, gridY, gridZ, threads, sharedBytes, arguments);
    }

    private Function find(String file, String name) {
        LoadedFile loaded = modules.get(file);
        if (loaded == null) {
            throw new IllegalArgumentException("no file of kernels is named " + file);
        }
        try (Arena arena = Arena.ofConfined()) {
            long handle = driver.get(
                    "cuModuleGetFunction",
                    loaded.module,
                    arena.allocateFrom(name).address());
            driver.call("cuFuncSetAttribute", handle, PREFERRED_SHARED_MEMORY_CARVEOUT, SHARED_MEMORY_PERCENT);
            return new Function(handle, parameters(loaded.ptx, name));
        }
    }

    /// How many parameters a kernel has by its PTX.
    private static int parameters(String ptx, String name) {
        int begin = ptx.indexOf(".entry " + name + "(");
        String list = ptx.substring(begin, ptx.indexOf(')', begin));
        return list.split("\\.param ", -1).length - 1;
    }

    /// A file of kernels as the driver is offered it.
    private record Image(String name, byte[] bytes) {}

    /// What the driver says to it.
    private sealed interface Answer {
        record Taken(long module) implements Answer {}

        /// @param reason the code, its name and what the driver's compiler wrote
        record Rejected(String reason) implements Answer {}
    }

    /// A loaded file.
    ///
    /// @param image what was loaded, as of [#inUse]
    private record LoadedFile(long module, String ptx, String image) {}

    /// A kernel of a loaded file, and the dynamic shared memory that it may use.
    private static final class Function {
        private final long handle;
        private final int parameters;
        private int sharedBytes;

        Function(long handle, int parameters) {
            this.handle = handle;
            this.parameters = parameters;
        }
    }
}
