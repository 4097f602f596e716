package dev.assay.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assay.cuda.FakeDriver;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What cuBLAS says.
class CublasHandleTest {
    private static Device device;
    private static Cublas library;

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        library = Cublas.first(device);
    }

    @Test
    void knowsItsVersion() {
        assertThat(library.version()).matches("1[23][.][0-9]+[.][0-9]+");
    }

    @Test
    void namesTheCallAndTheStatus() {
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> device.run(CublasHandleTest::multiplyFewerRowsThanNone))
                .withMessage("cublasGemmEx failed with 7 CUBLAS_STATUS_INVALID_VALUE");
    }

    private static void multiplyFewerRowsThanNone() {
        try (DeviceMemory memory = new DeviceMemory(device, CublasHandle.WORKSPACE_BYTES + 256);
                Stream stream = new Stream(device);
                CublasHandle handle = new CublasHandle(library)) {
            long workspace = memory.take(CublasHandle.WORKSPACE_BYTES);
            long numbers = memory.take(256);
            handle.multiply(
                    stream,
                    workspace,
                    new CublasHandle.Product(
                            CublasHandle.Operands.BFLOAT16, numbers, numbers, numbers, 8, -1, 8, 16, false));
        }
    }
}
