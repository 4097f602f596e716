package dev.assay.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The kernels, loaded into a device: PTX, which the driver compiles for it and keeps in a cache on disk. For the
/// device's thread; never unloaded.
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

    private static final int LOG_BYTES = 8192;
    private static final int ERROR_LOG_BUFFER = 5;
    private static final int ERROR_LOG_BUFFER_SIZE = 6;
    private static final int MAX_DYNAMIC_SHARED_BYTES = 8;

    private final Driver driver;
    private final int target;
    private final Map<String, LoadedFile> modules = new LinkedHashMap<>();
    private final Map<String, Function> functions = new HashMap<>();

    /// Loads them.
    ///
    /// @throws AbsentException if the driver rejects them
    public static KernelImage load(Device device) throws AbsentException {
        return device.callWhileOpening(() -> new KernelImage(device));
    }

    private KernelImage(Device device) throws AbsentException {
        this.driver = device.driver();
        this.target = TARGETS.stream()
                .filter(architecture -> architecture <= device.capability())
                .findFirst()
                .orElseThrow();
        for (String file : FILES) {
            modules.put(file, load(file, Integer.toString(target)));
        }
        if (device.capability() == GROUP_CAPABILITY) {
            for (String file : GROUP_FILES) {
                modules.put(file, load(file, GROUP_TARGET));
            }
        }
    }

    /// Architecture of the PTX in use, as major · 10 + minor.
    public int target() {
        return target;
    }

    /// Whether the device has the kernels of a file.
    public boolean has(String file) {
        return modules.containsKey(file);
    }

    /// The PTX of a file for an architecture.
    ///
    /// @param target major · 10 + minor, and `a` if it is for no later one
    public static String ptx(String file, String target) {
        String resource = "/dev/assay/cuda/ptx/sm_" + target + "/" + file + ".ptx";
        try (InputStream in = KernelImage.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private LoadedFile load(String file, String target) throws AbsentException {
        String ptx = ptx(file, target);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment module = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment log = arena.allocate(LOG_BYTES);
            MemorySegment options = arena.allocateFrom(ValueLayout.JAVA_INT, ERROR_LOG_BUFFER, ERROR_LOG_BUFFER_SIZE);
            // Numbers stand in the slots of pointers.
            MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES);
            MemorySegment text = arena.allocateFrom(ptx, StandardCharsets.UTF_8);
            int code = driver.tryCall(
                    "cuModuleLoadDataEx", module.address(), text.address(), 2, options.address(), values.address());
            if (code != 0) {
                throw new AbsentException(
                        "the driver rejects the kernels of " + file + ".ptx for sm_" + target + " with "
                                + code + " " + driver.errorName(code) + ": "
                                + log.getString(0, StandardCharsets.UTF_8).strip());
            }
            return new LoadedFile(module.get(ValueLayout.JAVA_LONG, 0), ptx);
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
            return new Function(handle, parameters(loaded.ptx, name));
        }
    }

    /// How many parameters a kernel has by its PTX.
    private static int parameters(String ptx, String name) {
        int begin = ptx.indexOf(".entry " + name + "(");
        String list = ptx.substring(begin, ptx.indexOf(')', begin));
        return list.split("\\.param ", -1).length - 1;
    }

    /// A loaded file.
    private record LoadedFile(long module, String ptx) {}

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
