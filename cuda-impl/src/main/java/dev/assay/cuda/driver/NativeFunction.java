package dev.assay.cuda.driver;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.util.Arrays;

/// A function of the driver or of cuBLAS: some arguments, of which each fits into 64 bits, and an `int` as its result.
///
/// Every argument is passed as a `long`: handles and addresses are 64 bits wide, and where the callee takes an `int`,
/// the calling conventions of Linux and Windows on x86-64 and of Linux on 64-bit Arm have it read the low half of the
/// same register or slot.
final class NativeFunction {
    /// Calls by their number of arguments. Handles are constants, so that a call is compiled to a jump.
    private static final Call0 CALL_0 = caller(Call0.class, 0);

    private static final Call1 CALL_1 = caller(Call1.class, 1);
    private static final Call2 CALL_2 = caller(Call2.class, 2);
    private static final Call3 CALL_3 = caller(Call3.class, 3);
    private static final Call4 CALL_4 = caller(Call4.class, 4);
    private static final Call5 CALL_5 = caller(Call5.class, 5);
    /// The number of arguments of a product of matrices.
    private static final int MANY = 19;

    private static final CallMany CALL_MANY =
            proxy(CallMany.class, handle(ValueLayout.JAVA_INT, MANY).asSpreader(long[].class, MANY));
    private static final CallForAddress CALL_FOR_ADDRESS =
            proxy(CallForAddress.class, handle(ValueLayout.JAVA_LONG, 1));

    private final String name;
    private final MemorySegment address;

    NativeFunction(String name, MemorySegment address) {
        this.name = name;
        this.address = address;
    }

    String name() {
        return name;
    }

    /// Calls it and returns its code.
    int call(long... arguments) {
        return switch (arguments.length) {
            case 0 -> CALL_0.call(address);
            case 1 -> CALL_1.call(address, arguments[0]);
            case 2 -> CALL_2.call(address, arguments[0], arguments[1]);
            case 3 -> CALL_3.call(address, arguments[0], arguments[1], arguments[2]);
            case 4 -> CALL_4.call(address, arguments[0], arguments[1], arguments[2], arguments[3]);
            case 5 -> CALL_5.call(address, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
            case MANY -> CALL_MANY.call(address, arguments);
            default -> throw new IllegalArgumentException(name + ": " + arguments.length + " arguments");
        };
    }

    /// Calls one whose result is an address.
    long callForAddress(long argument) {
        return CALL_FOR_ADDRESS.call(address, argument);
    }

    private static <T> T caller(Class<T> type, int arguments) {
        return proxy(type, handle(ValueLayout.JAVA_INT, arguments));
    }

    @SuppressWarnings("restricted") // The descriptor is the library's.
    private static MethodHandle handle(ValueLayout result, int arguments) {
        ValueLayout[] parameters = new ValueLayout[arguments];
        Arrays.fill(parameters, ValueLayout.JAVA_LONG);
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(result, parameters));
    }

    /// Through an interface, because invokeExact may throw anything, which a native call does not.
    private static <T> T proxy(Class<T> type, MethodHandle handle) {
        return MethodHandleProxies.asInterfaceInstance(type, handle);
    }

    /// The functions of a library, as Java calls them.
    public interface Call0 {
        int call(MemorySegment function);
    }

    public interface Call1 {
        int call(MemorySegment function, long a);
    }

    public interface Call2 {
        int call(MemorySegment function, long a, long b);
    }

    public interface Call3 {
        int call(MemorySegment function, long a, long b, long c);
    }

    public interface Call4 {
        int call(MemorySegment function, long a, long b, long c, long d);
    }

    public interface Call5 {
        int call(MemorySegment function, long a, long b, long c, long d, long e);
    }

    public interface CallMany {
        int call(MemorySegment function, long[] arguments);
    }

    public interface CallForAddress {
        long call(MemorySegment function, long argument);
    }
}
