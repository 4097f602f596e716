/// The protocol `assay-stdio/1` and both of its sides: [StdioEngine] asks, [Host] answers for any engine in Java.
///
/// Messages are lines of JSON, `protocol.schema.json` is their schema and `docs/stdio-protocol.md` their description.
/// No arithmetic and no judgement belongs here.
@NullMarked
package dev.assay.adapter.stdio;

import org.jspecify.annotations.NullMarked;
