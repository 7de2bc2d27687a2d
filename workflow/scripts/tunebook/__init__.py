"""Tunebook's library: the study, its data, training, evidence, claims, figures and report."""

import os

# Notebooks name a drawing back end of their own; figures are drawn into files, wherever they are.
os.environ["MPLBACKEND"] = "agg"
