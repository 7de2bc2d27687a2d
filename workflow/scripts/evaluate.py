"""Evaluate every run of one problem on all splits of the data; the first to open test data."""

import pandas as pd

from tunebook.data.prepare import load
from tunebook.evidence import evaluate
from tunebook.jobs import job, read_json, write_csv, write_parquet
from tunebook.learn import blocks, training

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    training.one_thread(snakemake.params.products)
    inputs, folder = snakemake.params.inputs, snakemake.params.folder
    replicates = []
    for paths in zip(snakemake.input.development, snakemake.input.test, strict=True):
        (development, record), (test, _) = map(load, paths)
        replicates.append((development | test, record))
    keep = {*snakemake.params.predictions, read_json(snakemake.input.choice).get("run")}
    metrics, row_values, members, predictions, misread = [], [], [], [], []
    for path in snakemake.input.records:
        record = blocks.read_record(path)
        run, first = record["run"], record["replicates"][0]
        some = [replicates[each - snakemake.params.first] for each in record["replicates"]]
        weights = blocks.read_weights(path)
        block = evaluate.open_block(record["configuration"], some, weights, folder)
        known = pd.DataFrame(blocks.columns(record, len(block.targets["train"][0])))
        metrics.append(known.assign(**evaluate.measures(block, inputs)))
        if snakemake.params.same_rows:
            row_values += evaluate.row_values(block, run, first)
            if run in keep:
                members += evaluate.members(block, run, first)
        if run in keep:
            predictions += map(pd.DataFrame, evaluate.predictions(block, run, first, inputs))
            misread += evaluate.misread(block, run, first)
        print(f"{run}: replicates {record['replicates']}")
    write_csv(pd.concat(metrics), snakemake.output.metrics)
    columns = ["run", "replicate", "values", "shifted"]
    write_parquet(pd.DataFrame(row_values, columns=columns), snakemake.output.rows)
    write_parquet(pd.DataFrame(members, columns=columns), snakemake.output.members)
    # Blocks that a look added may be of other runs alone.
    predictions = predictions or [pd.DataFrame(columns=["run"])]
    write_parquet(pd.concat(predictions), snakemake.output.predictions)
    columns = ["run", "replicate", "row", "target", "prediction", "probability", "pixels"]
    write_parquet(pd.DataFrame(misread, columns=columns), snakemake.output.misread)
