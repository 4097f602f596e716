package dev.assay.golden;

import dev.assay.checkpoint.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/// A case that is packaged with this module.
record BundledFiles(String id) implements CaseFiles {
    @Override
    public String source() {
        return id;
    }

    @Override
    public String nameOf(String file) {
        return "cases/" + id + "/" + file;
    }

    @Override
    public boolean has(String file) {
        return Goldens.class.getResource(nameOf(file)) != null;
    }

    @Override
    public byte[] read(String file) {
        try (@Nullable InputStream in = Goldens.class.getResourceAsStream(nameOf(file))) {
            if (in == null) {
                throw new GoldenException(nameOf(file) + ": missing");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new GoldenException(nameOf(file) + ": cannot be read: " + e, e);
        }
    }

    @Override
    public String sha256(String file) {
        return Digests.sha256(read(file));
    }

    @Override
    public SafetensorsFile openTensors(String file) {
        byte[] bytes = read(file);
        // Aligned as a mapped file would be, which an array of bytes is not.
        MemorySegment copy = Arena.ofAuto().allocate(Math.max(1, bytes.length), Long.BYTES);
        MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return SafetensorsFile.of(copy.asSlice(0, bytes.length), nameOf(file));
    }
}
