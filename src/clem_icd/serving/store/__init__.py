"""The store of the review: encounters, suggestions, decisions, and a record of who did what.

It is one SQLite file by default, or a PostgreSQL database by URL. Everything that changes it is one
transaction that also appends an event to a chain of hashes, so that a later edit or deletion shows.
"""
