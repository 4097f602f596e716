package dev.assay.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One safetensors file, of weights or of anything else: its tensors by name.
///
/// A file opened from a path is memory-mapped: opening reads the header only, so a file may be larger than memory,
/// and tensors are valid until [#close]. Who shortens a mapped file while it is read gets an `InternalError` from
/// the virtual machine. Instances may be used by several threads.
public final class SafetensorsFile implements AutoCloseable {
    private final String name;
    private final MemorySegment bytes;
    private final SafetensorsHeader header;
    private final Map<String, SafetensorsHeader.Entry> entries = new HashMap<>();
    private final @Nullable Arena arena;

    private SafetensorsFile(String name, MemorySegment bytes, @Nullable Arena arena) {
        this.name = name;
        this.bytes = bytes.asReadOnly();
        this.header = SafetensorsHeader.parse(bytes, name);
        this.arena = arena;
        for (SafetensorsHeader.Entry entry : header.entries()) {
            entries.put(entry.name(), entry);
        }
    }

    /// Maps a file into memory and reads its header.
    ///
    /// @throws CheckpointException if there is no such file or it is malformed
    @SuppressWarnings("MustBeClosedChecker") // The arena lives as long as the instance, whose close() closes it.
    public static SafetensorsFile open(Path file) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new SafetensorsFile(file.toString(), bytes, arena);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new CheckpointException(file + ": no such file", e);
        } catch (IOException e) {
            arena.close();
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Reads a file that is in memory already.
    ///
    /// @param bytes the whole file; not copied
    /// @param name for messages
    /// @throws CheckpointException if it is malformed
    public static SafetensorsFile of(byte[] bytes, String name) {
        return of(MemorySegment.ofArray(bytes), name);
    }

    /// Reads a file that is in memory already and stays its owner's.
    ///
    /// @param bytes the whole file; not copied
    /// @param name for messages
    /// @throws CheckpointException if it is malformed
    public static SafetensorsFile of(MemorySegment bytes, String name) {
        return new SafetensorsFile(name, bytes, null);
    }

    /// The path or the name given, for messages.
    public String name() {
        return name;
    }

    /// The strings under `__metadata__`; empty if there are none.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// Tensors of types that can be read, sorted by name.
    public List<TensorInfo> tensors() {
        List<TensorInfo> tensors = new ArrayList<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            ElementType type = ElementType.named(entry.type());
            if (type != null) {
                tensors.add(new TensorInfo(entry.name(), type, entry.shape()));
            }
        }
        return tensors;
    }

    /// Tensors of types that cannot be read, such as `U8`, sorted by name.
    public List<SkippedTensor> unreadable() {
        return header.entries().stream()
                .filter(entry -> ElementType.named(entry.type()) == null)
                .map(entry -> new SkippedTensor(
                        entry.name(), entry.type(), entry.shape(), "elements of type " + entry.type()))
                .toList();
    }

    /// Whether there is a tensor of that name, of whatever type.
    public boolean contains(String tensor) {
        return entries.containsKey(tensor);
    }

    /// The tensor of that name, without block scales.
    ///
    /// @throws CheckpointException if there is no such tensor or its type cannot be read
    public Tensor tensor(String tensor) {
        SafetensorsHeader.Entry entry = entries.get(tensor);
        if (entry == null) {
            throw new CheckpointException(name + ": " + tensor + ": no such tensor");
        }
        ElementType type = ElementType.named(entry.type());
        if (type == null) {
            throw new CheckpointException(
                    name + ": " + tensor + ": elements of type " + entry.type() + " cannot be read");
        }
        return new Tensor(new TensorInfo(tensor, type, entry.shape()), data(entry), null);
    }

    /// All tensors, readable or not, sorted by name.
    List<StoredTensor> stored() {
        return header.entries().stream()
                .map(entry -> new StoredTensor(entry.name(), entry.type(), entry.shape(), name, () -> data(entry)))
                .toList();
    }

    private MemorySegment data(SafetensorsHeader.Entry entry) {
        return bytes.asSlice(entry.offset(), entry.bytes());
    }

    /// Unmaps the file. Tensors taken from it can no longer be read. Does nothing the second time.
    @Override
    public void close() {
        if (arena != null && arena.scope().isAlive()) {
            arena.close();
        }
    }
}
