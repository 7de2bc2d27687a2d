"""Split one replicate's raw data: development part (train, validation) and test part apart."""

from pathlib import Path

import numpy as np

from tunebook.jobs import job, read_json, written
from tunebook.parsing import read_houses, read_usps
from tunebook.problems import prepare_digits, prepare_houses
from tunebook.provenance import check_files

with job(snakemake.log[0], snakemake.input, snakemake.output):
    provenance = Path(snakemake.input.provenance)
    check_files(read_json(provenance), provenance.with_suffix(""))
    raw, settings = snakemake.input.raw, snakemake.params
    if snakemake.wildcards.problem == "digits":
        train, test = read_usps(raw[0]), read_usps(raw[1])
        parts = prepare_digits(train, test, settings.split, settings.seed)
    else:
        features, prices = read_houses(raw[0], settings.features)
        parts = prepare_houses(features, prices, settings.split, settings.seed)
    for path, arrays in zip(snakemake.output, parts, strict=True):
        with written(path) as beside, open(beside, "wb") as file:
            np.savez(file, **arrays)
    sizes = {name: len(array) for arrays in parts for name, array in arrays.items()}
    print("rows:", sizes)
