"""Tunebook: train every configuration of a study, test every statement, write the report."""
