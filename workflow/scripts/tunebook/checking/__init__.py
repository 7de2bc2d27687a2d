"""What `snakemake check` asks of a finished study: `findings.findings` names all that is amiss."""
