"""``python -m clem_icd.cli``, for when the ``clem`` command is not on the path."""

from clem_icd.cli.app import main

main()
