#!/usr/bin/env bash
# The main job, end to end, on a synthetic hospital. `make demo` runs this.
# Finished steps are not repeated: start over with `make clean-demo`.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; "$@"; }

title "1. Write a synthetic hospital in the raw layout of MIMIC-IV"
if [ -f runs/demo-raw/SYNTHETIC.json ]; then echo "runs/demo-raw exists"; else
  run clem synthesize --layout mimic4 --admissions 5000 --seed 1 --words 100 --out runs/demo-raw
fi

title "2. Turn the raw files into a corpus"
if [ -f runs/demo-corpus/corpus.json ]; then echo "runs/demo-corpus exists"; else
  run clem prepare mimic4-icd10 --raw runs/demo-raw --evidence runs/demo-raw/evidence.parquet \
    --min-count 50 --out runs/demo-corpus
fi
run clem describe runs/demo-corpus

title "3. Train a linear baseline, CLEM-ICD with label attention and, where time allows, with the paper's head"
run clem train linear --corpus runs/demo-corpus --out runs/demo-linear --resume
SECONDS=0
run clem train demo --corpus runs/demo-corpus --out runs/demo --resume
others=(runs/demo-linear)
# On a slow machine, the third system would take longer than all the rest.
if [ -f runs/demo-pooled/metrics.json ] || [ "$SECONDS" -lt 150 ]; then
  run clem train demo-pooled --corpus runs/demo-corpus --out runs/demo-pooled --resume
  others+=(runs/demo-pooled)
else
  echo "The paper's head is left out to save time: clem train demo-pooled --corpus runs/demo-corpus --out runs/demo-pooled"
fi

title "4. Suggest codes for a new note, and show the words behind those that the model assigns"
run clem code runs/demo/model examples/note.txt --top 8
run clem explain runs/demo/model examples/note.txt

title "5. Compare the systems and write the report"
run clem compare runs/demo "${others[@]}" \
  --metric micro_f1 --metric macro_f1_all_labels --metric macro_f1_caml --metric map
run clem report runs/demo "${others[@]/#/--beside=}"

title "Where to look next"
cat <<'NEXT'
runs/demo/report.html                                           metrics, learning curves, errors
clem code runs/demo/model NOTE.txt                              codes for your own note
clem explain runs/demo/model NOTE.txt --html NOTE.html          a page with the note, its codes and their words
clem error-analysis --corpus runs/demo-corpus --run runs/demo   where the errors are
clem thresholds runs/demo --corpus runs/demo-corpus             other decision rules
make serve                                                      the screen on which coders review suggestions
docs/README.md                                                  your own data, formats, definitions
NEXT
