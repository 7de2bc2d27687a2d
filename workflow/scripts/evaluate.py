"""Evaluate every run of one problem on all parts of the data; the first to open test data."""

from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from tunebook import evaluation, training
from tunebook.blocks import read_record
from tunebook.jobs import job, read_json
from tunebook.problems import load_arrays
from tunebook.tables import block_columns, write_csv, write_parquet

with job(snakemake.log[0], snakemake.input, snakemake.output):
    training.one_thread()
    problem = snakemake.wildcards.problem
    paths = zip(snakemake.input.development, snakemake.input.test, strict=True)
    raw = [load_arrays(development) | load_arrays(test) for development, test in paths]
    keep = {*snakemake.params.predictions, read_json(snakemake.input.choice)["run"]}
    rows, predictions, misread = [], [], []
    for path in snakemake.input.records:
        record = read_record(path)
        weights = load_file(Path(path).with_name("weights.safetensors"))
        parts = {
            kind: {name.split("/", 1)[1]: v for name, v in weights.items() if name.startswith(kind)}
            for kind in ("final", "best")
        }
        replicates = [raw[replicate] for replicate in record["replicates"]]
        evaluator = evaluation.Evaluator(
            record["configuration"], replicates, snakemake.params.features
        )
        metrics, outputs = evaluation.evaluate(evaluator, **parts)
        known = block_columns(record, len(replicates[0]["train_y"]))
        rows += [{**row, **more} for row, more in zip(known, metrics, strict=True)]
        if record["run"] in keep:
            block = (evaluator, outputs, record["run"], record["replicates"][0])
            predictions += map(pd.DataFrame, evaluation.predictions(*block))
            misread += evaluation.misread(*block) if problem == "digits" else []
        print(f"{record['run']}: replicates {record['replicates']}")
    write_csv(pd.DataFrame(rows), snakemake.output.metrics)
    write_parquet(pd.concat(predictions), snakemake.output.predictions)
    columns = ["run", "replicate", "row", "target", "prediction", "probability", "pixels"]
    write_parquet(pd.DataFrame(misread, columns=columns), snakemake.output.misread)
