"""A hospital's own table: records become notes (`rows`), rows of one note are merged, and odd ones counted.

`columns` finds the columns that the user named; `oddities` and `odd_codes` say what users of the corpus
should know.
"""
