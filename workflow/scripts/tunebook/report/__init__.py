"""The report: tables, figures, claims and an article -> one HTML file that opens offline."""
