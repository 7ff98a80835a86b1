#!/usr/bin/env bash
# The main job, end to end, on a synthetic hospital. `make demo` runs this.
# What a step left behind is used again: delete it with `make clean-demo` to start over.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; "$@"; }

title "1. A synthetic hospital, in the raw layout of MIMIC-IV"
if [ -f runs/demo-raw/SYNTHETIC.json ]; then echo "runs/demo-raw is there"; else
  run clem synthesize --layout mimic4 --admissions 5000 --seed 1 --words 100 --out runs/demo-raw
fi

title "2. Raw files become a corpus, by the source for MIMIC-IV"
if [ -f runs/demo-corpus/corpus.json ]; then echo "runs/demo-corpus is there"; else
  run clem prepare mimic4-icd10 --raw runs/demo-raw --evidence runs/demo-raw/evidence.parquet \
    --min-count 50 --out runs/demo-corpus
fi
run clem describe runs/demo-corpus

title "3. The linear baseline"
run clem train linear --corpus runs/demo-corpus --out runs/demo-linear --resume

title "4. CLEM-ICD: clem-small, the ModernBERT that comes with the package, learns the ward's codes"
run clem train demo --corpus runs/demo-corpus --out runs/demo --resume

title "5. Codes for a note that nobody has coded"
cat examples/note.txt
run clem code runs/demo/model examples/note.txt

title "6. Both beside each other: one definition a column, 95 % intervals"
run clem compare runs/demo runs/demo-linear

title "7. The report"
run clem report runs/demo --beside runs/demo-linear
