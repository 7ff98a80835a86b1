"""MIMIC-III and MIMIC-IV as PhysioNet distributes them.

`mimic3` and `mimic4` are the two data sets; `preparing` holds the steps they share. The rows of codes become
a frame (`codes`), one pass over the notes puts facts into a frame and texts on disk (`notes`), `rows` checks
both, a published pipeline turns them into documents (`pipelines`), and `splits` assigns those to splits.
"""
