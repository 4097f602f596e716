package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How warps share products.
class SharesTest {
    private static final int ROWS_OF_UNIT = 8;
    private static final int WARP = 32;

    private static Device device;

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
    }

    private static DeviceMatrix matrix(int rows, int columns, WeightType type) {
        return new DeviceMatrix(0, 0, 1, rows, columns, type);
    }

    @ParameterizedTest
    @CsvSource({
        "BF16, 8, 64",
        "BF16, 4096, 1024",
        "BF16, 1024, 3072",
        "BF16, 4096, 12288",
        "BF16, 151936, 1024",
        "F32, 2048, 8192",
        "F8, 129280, 7168"
    })
    void haveAPlaceForEveryRowInBlocksThatFit(WeightType type, int rows, int columns) {
        Shares shares = Shares.of(matrix(rows, columns, type), rows, 1, 1, device);

        int units = Math.ceilDiv(rows, ROWS_OF_UNIT);
        assertThat(shares.blocks() * shares.teams()).isBetween(units, units + shares.teams() - 1);
        assertThat(shares.threads()).isEqualTo(shares.team() * shares.teams() * WARP);
        assertThat(shares.team()).isLessThanOrEqualTo(Math.ceilDiv(columns, 256));
        assertThat(shares.sharedBytes()).isLessThanOrEqualTo(device.sharedBytes());
    }

    @Test
    void askInTurnsForAMatrixThatTheSharedMemoryOfTheDeviceHolds() {
        int columns = 1024;
        long room = (long) device.multiprocessors() * device.sharedBytes();
        int fitting = (int) (room / ((long) columns * Short.BYTES));

        assertThat(inTurns(fitting, columns)).isTrue();
        assertThat(inTurns(fitting + 1, columns)).isFalse();
    }

    private static boolean inTurns(int rows, int columns) {
        return Shares.of(matrix(rows, columns, WeightType.BF16), rows, 1, 1, device)
                .inTurns();
    }

    @Test
    void giveEachChosenExpertAsManyWarps() {
        int experts = 8;

        Shares shares = Shares.ofSum(matrix(2048, 768, WeightType.BF16), experts, device);

        assertThat(shares.team() % experts).isZero();
        assertThat(shares.inTurns()).isFalse();
    }
}
