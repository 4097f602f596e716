package dev.assay.vector.thread;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed number of threads that run one task together, again and again, without allocating.
///
/// The calling thread is one of them. The others wait by spinning for a moment, since the next task of a token
/// follows within microseconds, and then park, so that an idle model costs nothing.
public final class Workers implements AutoCloseable {
    /// Something that every thread does its share of.
    ///
    /// @param <C> what the task works on
    @FunctionalInterface
    public interface Task<C> {
        /// Does the share of one thread.
        ///
        /// @param thread from 0 to `threads` − 1
        void run(C context, int thread, int threads);
    }

    /// Turns of the waiting loop before a thread parks, or gives way: some hundreds of microseconds. The loop has
    /// no pause in it, since hypervisors take a processor from a guest that pauses often, for longer than a stage
    /// takes.
    private static final int SPINS = 400_000;

    private final int threads;
    private final Worker[] workers;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger claimed = new AtomicInteger();
    private final AtomicBoolean taken = new AtomicBoolean();
    private final AtomicInteger round = new AtomicInteger();
    private volatile boolean closed;
    private @Nullable Task<Object> task;
    private @Nullable Object context;
    private volatile @Nullable Throwable failure;

    /// @param threads at least 1
    public Workers(int threads) {
        this.threads = threads;
        this.workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].setDaemon(true);
            workers[i].start();
        }
    }

    public int threads() {
        return threads;
    }

    /// Runs the task on every thread and returns when all are done.
    ///
    /// @throws IllegalStateException if another thread is within this method, or the workers are closed
    @SuppressWarnings("unchecked") // A task is only ever given the context it came with.
    public <C> void run(Task<C> task, C context) {
        if (!taken.compareAndSet(false, true)) {
            throw new IllegalStateException("the model is in use by another thread");
        }
        try {
            if (closed) {
                throw new IllegalStateException("the model is closed");
            }
            claimed.set(0);
            if (workers.length == 0) {
                task.run(context, 0, 1);
                return;
            }
            this.task = (Task<Object>) task;
            this.context = context;
            running.set(workers.length);
            round.incrementAndGet(); // Everything written before is visible to whoever sees the new round.
            for (Worker worker : workers) {
                worker.wake();
            }
            try {
                task.run(context, 0, threads);
            } finally {
                await();
            }
            Throwable thrown = failure;
            if (thrown != null) {
                failure = null;
                throw new IllegalStateException("a worker thread failed: " + thrown, thrown);
            }
        } finally {
            taken.set(false);
        }
    }

    /// Within a task, the next number that no thread has claimed: 0, 1, 2 and so on. For pieces of work that are
    /// not shared out beforehand.
    public int claim() {
        return claimed.getAndIncrement();
    }

    /// Waits for the other threads. Spins without end, as they are at work and not idle, but gives way to them.
    @SuppressWarnings("ThreadPriorityCheck") // With fewer free processors than threads, spinning on would starve them.
    private void await() {
        int spins = 0;
        while (running.get() != 0) {
            if (++spins >= SPINS) {
                Thread.yield();
            }
        }
    }

    /// Ends the threads. Does nothing the second time.
    @Override
    public void close() {
        closed = true;
        round.incrementAndGet();
        for (Worker worker : workers) {
            worker.wake();
        }
        for (Worker worker : workers) {
            boolean interrupted = false;
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private final class Worker extends Thread {
        private final int index;
        private volatile boolean parked;

        Worker(int index) {
            super("assay-vector-" + index);
            this.index = index;
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            int seen = 0;
            while (true) {
                seen = awaitAfter(seen);
                if (closed) {
                    return;
                }
                Task<Object> mine = task;
                Object on = context;
                try {
                    if (mine != null && on != null) {
                        mine.run(on, index, threads);
                    }
                } catch (RuntimeException | Error e) {
                    failure = e;
                } finally {
                    running.decrementAndGet();
                }
            }
        }

        private int awaitAfter(int seen) {
            int spins = 0;
            int now;
            while ((now = round.get()) == seen) {
                if (++spins >= SPINS) {
                    parked = true;
                    if (round.get() == seen) {
                        LockSupport.park(Workers.this);
                    }
                    parked = false;
                }
            }
            return now;
        }
    }
}
