#!/usr/bin/env bash
# Prepares every published corpus, and shows its counts next to the published ones.
#
#     bash examples/published_counts.sh RAW OUT [SPLITS]
#
# RAW is the folder of the PhysioNet download, with MDACE in it or next to it. A set with missing files is
# refused in one line, and the next one is prepared. An existing corpus is only described. Without SPLITS, the
# published split files are downloaded.
set -uo pipefail

raw=${1:?name the raw folder} out=${2:?name a folder for the corpora} splits=${3:-}
failed=0

for source in mimic3-full mimic3-50 mimic3-clean mimic4-icd9 mimic4-icd10 mdace-inpatient-icd9 \
  mdace-inpatient-icd10 mdace-inpatient-icd9-code mdace-inpatient-icd9-evidence-only mdace-profee-icd10; do
  echo "== $source"
  [ -e "$out/$source" ] ||
    clem prepare "$source" --raw "$raw" ${splits:+--splits "$splits"} --out "$out/$source" --quiet || failed=1
  [ ! -e "$out/$source" ] || clem describe "$out/$source" --notices --published || failed=1
done
exit $failed
