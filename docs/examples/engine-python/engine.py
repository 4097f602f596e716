"""An engine for Assay in Python: the protocol of docs/stdio-protocol.md around the model in gpt2.py.

    ./assay verify --architecture gpt2 --engine-command 'python3 docs/examples/engine-python/engine.py'

For a model of your own replace gpt2 by a module with the same three functions."""
import json, struct, sys
import gpt2 as architecture

ABILITIES = ["FULL_LOGITS", "ALL_POSITIONS", "CHUNKED_PREFILL", "CONCURRENT_SESSIONS"]
model, sessions = None, {}  # by number: the cache, and whether all positions are asked for


def answer(request):
    """The fields of the answer, and the rows of its frame if it has one."""
    global model
    match request:
        case {"op": "hello"}:
            engine = {"id": "python-example", "title": architecture.TITLE, "version": "1", "compute": "FLOAT32"}
            return {"protocol": "assay-stdio/1", "engine": engine}, []
        case {"op": "supports", "config": {"model_type": architecture.MODEL_TYPE}}:
            return {"support": {"kind": "supported", "capabilities": ABILITIES}}, []
        case {"op": "supports"}:
            return {"support": {"kind": "unsupported", "reason": "it runs " + architecture.TITLE + " only"}}, []
        case {"op": "load", "folder": folder}:
            model = architecture.load(folder)
            execution = {"backend": "python", "vector_bits": 0, "threads": 1, "decisions": []}
            return {"execution": execution, "footprint": {"weight_bytes": 0, "kv_cache_element_bytes": 8}}, []
        case {"op": "open", "id": number, "logits": scope}:
            sessions[number] = [architecture.new_cache(model), scope == "ALL_POSITIONS"]
            return {"session": number, "kv_cache_bytes": None}, []
        case {"op": "prefill" | "decode", "session": number}:
            cache, all_positions = sessions[number]
            tokens = request["tokens"] if request["op"] == "prefill" else [request["token"]]
            if not tokens:
                raise ValueError("expected at least one token, found none")
            rows = [architecture.forward(model, cache, token) for token in tokens]
            rows = rows if all_positions else rows[-1:]
            prediction = {"kind": "logits", "rows": len(rows), "columns": len(rows[0])}
            return {"length": len(cache[0][0]), "kv_cache_bytes": None, "taps": [], "routed_experts": [],
                    "prediction": prediction}, rows
        case {"op": "reset", "session": number}:
            sessions[number][0] = architecture.new_cache(model)
            return {"kv_cache_bytes": None}, []
        case {"op": "close", "session": number}:
            del sessions[number]
            return {}, []
        case {"op": "shutdown"}:
            return {}, []


for line in sys.stdin:
    request, rows = json.loads(line), []
    try:
        fields, rows = answer(request)
    except (IndexError, ValueError) as e:  # a token outside the vocabulary, or beyond the positions
        fields = {"error": {"kind": "ILLEGAL_ARGUMENT", "message": str(e)}}
    sys.stdout.buffer.write(json.dumps({"id": request["id"], **fields}).encode() + b"\n")
    if rows:
        frame = b"".join(struct.pack("<%df" % len(row), *row) for row in rows)
        sys.stdout.buffer.write(struct.pack("<I", len(frame)) + frame)
    sys.stdout.buffer.flush()
    if request["op"] == "shutdown":
        break
