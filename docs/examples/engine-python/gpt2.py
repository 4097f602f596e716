"""GPT-2 in Python without libraries: not fast, but right, and short enough to read."""
import json, math, struct
from operator import mul

TITLE, MODEL_TYPE = "GPT-2 in Python", "gpt2"


def load(folder):
    """The configuration, and the tensors by name: lists of numbers, or of rows."""
    with open(folder + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    with open(folder + "/model.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    weights = {}
    for name, tensor in header.items():
        raw = data[slice(*tensor["data_offsets"])]
        if tensor["dtype"] == "BF16":  # the upper half of a float32
            raw = b"".join(b"\0\0" + raw[i : i + 2] for i in range(0, len(raw), 2))
        code, size = ("e", 2) if tensor["dtype"] == "F16" else ("f", 4)
        values = struct.unpack("<%d%s" % (len(raw) // size, code), raw)
        columns = tensor["shape"][-1]
        rows = [values[i : i + columns] for i in range(0, len(values), columns)]
        if len(tensor["shape"]) == 1:
            weights[name] = values
        else:  # the matrices of layers are stored as [in][out]
            weights[name] = list(zip(*rows)) if name.startswith("h.") else rows
    return config, weights


def new_cache(model):
    """Keys and values of each layer."""
    return [([], []) for _ in range(model[0]["n_layer"])]


def forward(model, cache, token):
    """Appends one token to the cache and returns its logits."""
    config, w = model
    head_dim = config["n_embd"] // config["n_head"]

    def linear(name, x):
        return [sum(map(mul, row, x)) + b for row, b in zip(w[name + ".weight"], w[name + ".bias"])]

    def norm(name, x):
        mean = sum(x) / len(x)
        deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + config["layer_norm_epsilon"])
        return [(v - mean) / deviation * g + b for v, g, b in zip(x, w[name + ".weight"], w[name + ".bias"])]

    def gelu(v):
        if config["activation_function"] == "gelu":
            return v / 2 * (1 + math.erf(v / math.sqrt(2)))
        return v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))

    x = [a + b for a, b in zip(w["wte.weight"][token], w["wpe.weight"][len(cache[0][0])])]
    for i, (keys, values) in enumerate(cache):
        layer = "h.%d." % i
        qkv = linear(layer + "attn.c_attn", norm(layer + "ln_1", x))
        query, key, value = (qkv[j * len(x) : (j + 1) * len(x)] for j in range(3))
        keys.append(key), values.append(value)
        divisor = math.sqrt(head_dim) if config.get("scale_attn_weights", True) else 1
        divisor *= i + 1 if config.get("scale_attn_by_inverse_layer_idx", False) else 1
        context = []
        for h in range(0, len(x), head_dim):
            scores = [sum(map(mul, query[h : h + head_dim], k[h : h + head_dim])) / divisor for k in keys]
            p = [math.exp(s - max(scores)) for s in scores]
            context += [sum(a * v[j] for a, v in zip(p, values)) / sum(p) for j in range(h, h + head_dim)]
        x = [a + b for a, b in zip(x, linear(layer + "attn.c_proj", context))]
        inner = [gelu(v) for v in linear(layer + "mlp.c_fc", norm(layer + "ln_2", x))]
        x = [a + b for a, b in zip(x, linear(layer + "mlp.c_proj", inner))]
    x = norm("ln_f", x)
    return [sum(map(mul, row, x)) for row in w.get("lm_head.weight", w["wte.weight"])]
