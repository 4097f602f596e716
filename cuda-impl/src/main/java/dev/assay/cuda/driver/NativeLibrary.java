package dev.assay.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Functions of a library under the names they have in it.
final class NativeLibrary {
    private final Map<String, NativeFunction> functions = new HashMap<>();

    private NativeLibrary(String title, SymbolLookup library, List<String> names) throws AbsentException {
        for (String name : names) {
            MemorySegment address = library.find(name)
                    .orElseThrow(() -> new AbsentException("the " + title + " library is too old: it has no " + name));
            functions.put(name, new NativeFunction(name, address));
        }
    }

    /// The first library that is there.
    ///
    /// @param title name for people
    /// @param places names on the library path, or paths
    /// @param names of its functions
    /// @throws AbsentException if none is there, or it lacks a function
    @SuppressWarnings("restricted") // The libraries are what the module is for.
    static NativeLibrary open(String title, List<String> places, List<String> names) throws AbsentException {
        String failure = "";
        for (String place : places) {
            try {
                // Never unloaded: it has threads of its own.
                return new NativeLibrary(title, SymbolLookup.libraryLookup(place, Arena.global()), names);
            } catch (IllegalArgumentException e) {
                // The first place is the usual one, so its message says most.
                failure = failure.isEmpty() ? String.valueOf(e.getMessage()) : failure;
            } catch (IllegalCallerException e) {
                throw new AbsentException("the JVM denies native access: start it with --enable-native-access="
                        + (NativeLibrary.class.getModule().isNamed()
                                ? NativeLibrary.class.getModule().getName()
                                : "ALL-UNNAMED"));
            }
        }
        throw new AbsentException("no " + title + " library (" + String.join(", ", places) + ": " + failure + ")");
    }

    /// One of the functions.
    NativeFunction function(String name) {
        NativeFunction function = functions.get(name);
        if (function == null) {
            throw new IllegalArgumentException(name + " is not bound");
        }
        return function;
    }

    /// A string of a library's, which ends with a zero.
    @SuppressWarnings("restricted") // It ends with a zero.
    static String string(long address) {
        MemorySegment text = MemorySegment.ofAddress(address).reinterpret(Integer.MAX_VALUE);
        return text.getString(0, StandardCharsets.US_ASCII);
    }

    /// What a function writes that is given where to write a `long` or a handle.
    static long read(Writer writer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            writer.writeTo(result.address());
            return result.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Calls a function that writes to an address.
    interface Writer {
        void writeTo(long address);
    }
}
