#!/usr/bin/env bash
# Judges and measures the CUDA engine on the machine with the GPU; see pack.sh.
#
# Run it in the working tree, whose golden cases it reads.
#
#   run.sh OUT [verify] [plain] [ptx] [sanitize] [measure] [rounded] [cublas] [peer]
#
# verify: every golden case; plain: the same with kernels one after another, whose logits must be as good; ptx: the same
# with kernels that the driver compiles; sanitize: compute-sanitizer on three cases, if it is there; measure: the published
# shapes, their logits beside the vector engine's, with the options for Java in MEASURE; rounded: the same with activations
# of many tokens in bfloat16, in OUT/rounded; cublas: every golden case with products by cuBLAS, named by CUBLAS or where a
# toolkit or Python has it, and Qwen3-8B with our own products and with those of cuBLAS, with and without rounded
# activations, in OUT/PRODUCTS-ACTIVATIONS.json; peer: prefill and compiled decode of Hugging Face transformers on the same
# shapes, or what PEER names, such as decode:qwen3-0.6b, if Python has it, in up to ten minutes. OUT gets at most eight files.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
mkdir -p "$out"
if [[ ! -d /tmp/pack ]]; then
    tar -C /tmp -xJf "$here/pack.tar.xz" ||
        python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall("/tmp")' "$here/pack.tar.xz"
fi
java=(/tmp/pack/java/bin/java --enable-native-access=dev.assay.cuda -p /tmp/pack/app)
assay=(-m dev.assay.cli/dev.assay.cli.Main)
cases=()
for golden in golden-outputs/cases/*/; do
    cases+=(--case "${golden%/}")
done
shapes=/tmp/pack/shapes

# measure OUT [option for Java...]
measure() {
    "${java[@]}" -XX:MaxRAMPercentage=40 "${@:2}" ${MEASURE:-} -m dev.assay.cuda/dev.assay.cuda.Measurement "$1" "$shapes/qwen3-0.6b.json" \
        "$shapes/llama-3.2-1b.json" "$shapes/qwen3-1.7b.json" "$shapes/qwen3-8b.json" \
        "$shapes/deepseek-v3-5-layers.json" "$shapes/qwen3-30b-a3b.json" 2>&1 | tail -n 20
    cat "$1/cuda.md"
}

# verify_with NAME [option for Java...]
verify_with() {
    "${java[@]}" "${@:2}" "${assay[@]}" verify --engine cuda "${cases[@]}" --out "/tmp/$1" >"/tmp/$1.log" 2>&1
    echo "exit $?"
    tail -n 5 "/tmp/$1.log"
}

nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,memory.total --format=csv >"$out/gpu.csv" 2>&1 || true

for part in "$@"; do
    echo "== $part"
    case $part in
        verify)
            "${java[@]}" "${assay[@]}" verify --engine cuda "${cases[@]}" --out /tmp/verify >"$out/verify.log" 2>&1
            echo "exit $?"
            tail -n 40 "$out/verify.log"
            cp /tmp/verify/report.json "$out/report.json" 2>/dev/null
            ;;
        plain) verify_with plain -Dassay.cuda.one-by-one=true ;;
        ptx) verify_with ptx -Dassay.cuda.images=ptx ;;
        sanitize)
            sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
            if [[ -z $sanitizer ]]; then
                echo 'compute-sanitizer is not here'
                continue
            fi
            for tool in memcheck racecheck; do
                timeout 120 "$sanitizer" --tool "$tool" --target-processes all "${java[@]}" "${assay[@]}" verify --engine cuda \
                    --case golden-outputs/cases/qwen3-base \
                    --case golden-outputs/cases/gemma3n-base --case golden-outputs/cases/deepseek-v3-base --out "/tmp/$tool" \
                    >"$out/$tool.log" 2>&1
                echo "$tool: exit $?"
                tail -n 3 "$out/$tool.log"
            done
            ;;
        measure) measure "$out" ;;
        rounded) measure "$out/rounded" -Dassay.cuda.activations=bfloat16 ;;
        cublas)
            library=${CUBLAS:-$(ls /usr/local/cuda*/targets/x86_64-linux/lib/libcublas.so.1[23] \
                "$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"/nvidia/*/lib/libcublas.so.1[23] \
                2>/dev/null | head -n 1)}
            echo "cuBLAS: $library"
            for activations in bfloat16 float32; do
                for products in own cublas; do
                    name=$products-$activations
                    "${java[@]}" -XX:MaxRAMPercentage=40 -Dassay.cuda.products="$products" -Dassay.cuda.cublas="$library" \
                        -Dassay.cuda.activations="$activations" ${MEASURE:-} \
                        -m dev.assay.cuda/dev.assay.cuda.Measurement "/tmp/$name" "$shapes/qwen3-8b.json" 2>&1 | tail -n 20
                    cp "/tmp/$name/cuda.json" "$out/$name.json"
                    cat "/tmp/$name/cuda.md"
                done
            done
            "${java[@]}" -Dassay.cuda.products=cublas -Dassay.cuda.cublas="$library" "${assay[@]}" verify --engine cuda \
                "${cases[@]}" --out /tmp/cublas >"$out/cublas.log" 2>&1
            echo "exit $?"
            tail -n 10 "$out/cublas.log"
            ;;
        peer)
            # What takes longest comes last: a step with experts may not compile within its time.
            runs=({prefill:,decode:}{qwen3-0.6b,llama-3.2-1b,qwen3-8b,deepseek-v3-5-layers,qwen3-30b-a3b})
            [[ -z ${PEER:-} ]] || read -ra runs <<<"$PEER"
            runs=("${runs[@]/:/:$shapes/}")
            timeout 570 python3 "$here/peer.py" "$out" "${runs[@]/%/.json}" 2>&1 | grep '^{'
            ;;
        *) echo "no part is named $part" ;;
    esac
done
