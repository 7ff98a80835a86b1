"""The command line: one file per verb, each a thin layer over the rooms below.

A verb prints its result on standard output, as text or with ``--json`` as one JSON object, and
everything else on standard error. Bad input ends with one line and exit code 2.
"""

from clem_icd.cli.app import app, main

__all__ = ["app", "main"]
