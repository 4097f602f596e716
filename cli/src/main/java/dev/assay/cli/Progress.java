package dev.assay.cli;

import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/// How far long work has come, shown to a person on standard error; nothing where nobody watches.
interface Progress extends AutoCloseable {
    /// Says what is being worked on.
    void now(String what);

    /// Says that so many of the steps announced are done.
    void done(long steps);

    @Override
    void close();

    /// Starts to show progress, if a person watches.
    ///
    /// @param steps steps in all
    static Progress of(Surroundings surroundings, String task, long steps) {
        return surroundings.terminal() ? new Bar(surroundings.err(), task, steps) : new Silent();
    }

    /// Shows nothing.
    record Silent() implements Progress {
        @Override
        public void now(String what) {}

        @Override
        public void done(long steps) {}

        @Override
        public void close() {}
    }

    /// A bar in the last line of the terminal, gone when the work is done.
    final class Bar implements Progress {
        private final ProgressBar bar;

        Bar(PrintWriter terminal, String task, long steps) {
            bar = new ProgressBarBuilder()
                    .setTaskName(task)
                    .setInitialMax(steps)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(200)
                    .setConsumer(new Line(terminal))
                    .clearDisplayOnFinish()
                    .build();
        }

        @Override
        public void now(String what) {
            bar.setExtraMessage(" " + what);
        }

        @Override
        public void done(long steps) {
            bar.stepTo(steps);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    /// A line that each text overwrites. Its width is fixed, because asking the terminal would load native code.
    record Line(PrintWriter terminal) implements ProgressBarConsumer {
        @Override
        public int getMaxRenderedLength() {
            return 79;
        }

        @Override
        public void accept(String text) {
            terminal.print("\r" + text);
            terminal.flush();
        }

        @Override
        public void close() {}
    }
}
