"""Encounters in and out: files become a work list with suggestions, and decisions become files."""
