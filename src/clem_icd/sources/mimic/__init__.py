"""MIMIC-III and MIMIC-IV as PhysioNet distributes them, prepared as published pipelines do."""
