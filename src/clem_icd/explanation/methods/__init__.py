"""Explanation methods; ``registry`` lists them. Those of neural systems import torch."""
