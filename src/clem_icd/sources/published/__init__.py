"""Published facts about the data sets: split files and counts.

`splits` finds the split files that the field reports numbers on: in the user's folder, or by a download that
is checked against known hashes (`splits.yaml`). `counts` compares a corpus with the published numbers of
notes, labels, codes and words (`counts.yaml`), so that a difference is noticed before anything is trained.
"""
