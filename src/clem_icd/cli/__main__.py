"""``python -m clem_icd.cli``, where the ``clem`` command is not on the path."""

from clem_icd.cli.app import main

main()
