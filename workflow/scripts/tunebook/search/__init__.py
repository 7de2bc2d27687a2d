"""Searches: sweeps whose configurations are proposed, a generation at a time, from validation."""
