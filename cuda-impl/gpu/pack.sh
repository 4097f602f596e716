#!/usr/bin/env bash
# Packs what a machine with a GPU and no Java needs to judge and measure the CUDA engine: a Java runtime, the command as
# ./assay has built it, and configurations. The golden cases stay out: they lie in the working tree.
#
#   cuda-impl/gpu/pack.sh DIR      then, there, in the working tree: bash DIR/run.sh OUT verify sanitize measure
#
# Build the command first with ./assay list, or name the folder of its jars in ASSAY_APP.
set -euo pipefail

cd "$(dirname "$0")/../.."
readonly dir=$1
jdk=${ASSAY_JAVA_HOME:-${JAVA_HOME:-/usr/lib/jvm/temurin-25-jdk-amd64}}
app=${ASSAY_APP:-$(ls -td .assay/*-*/ | head -n 1)}

rm -rf "$dir"
mkdir -p "$dir/pack/app" "$dir/pack/shapes"
cp cuda-impl/gpu/run.sh cuda-impl/gpu/peer.py "$dir/"
cp "$app"/*.jar "$dir/pack/app/"
goldens=$(ls "$dir"/pack/app/golden-outputs-*.jar)
python3 - "$goldens" <<'PYTHON'
import sys, zipfile
path = sys.argv[1]
with zipfile.ZipFile(path) as jar:
    kept = [(i, jar.read(i)) for i in jar.infolist() if not i.filename.endswith((".safetensors", "golden.json"))]
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as jar:
    for info, data in kept:
        jar.writestr(info, data)
PYTHON
for shape in qwen3-0.6b llama-3.2-1b qwen3-1.7b qwen3-8b qwen3-30b-a3b; do
    cp "golden-outputs/facts/configs/$shape.json" "$dir/pack/shapes/"
done
# DeepSeek V3 at its true width: three dense layers and two with experts.
sed -E 's/("num_hidden_layers": *)61/\15/' golden-outputs/facts/configs/deepseek-v3.json \
    >"$dir/pack/shapes/deepseek-v3-5-layers.json"

# The modules of the JDK that the command's modules require.
modules=$("$jdk/bin/java" --show-module-resolution -p "$dir/pack/app" -m dev.assay.cli/dev.assay.cli.Main --version 2>/dev/null |
    grep ' requires ' | grep -v '^java\.\|^jdk\.' | grep -o 'jrt:/[a-z.]*' | sed 's|jrt:/||' | sort -u | paste -sd,)
# Not compressed: xz does that better.
"$jdk/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --output "$dir/pack/java"
tar -C "$dir" -cf - pack | xz -6 -T0 >"$dir/pack.tar.xz"
rm -rf "$dir/pack"
du -h "$dir"/*
