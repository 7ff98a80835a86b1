"""MDACE: evidence for the codes of MIMIC-III notes, and the sets made from it."""
