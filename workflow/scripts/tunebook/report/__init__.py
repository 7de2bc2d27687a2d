"""The report: tables and figures of a finished study -> one HTML file that opens offline."""

from .render import render_comparison, render_report

__all__ = ["render_comparison", "render_report"]
