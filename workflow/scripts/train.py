"""Train blocks of replicates, most often one; reads development data only."""

import gc
import time

started = time.time()
# Nothing that is imported is ever garbage; to look for some, then and once more when the job ends,
# takes a third of the time that a job spends outside training.
gc.disable()

from tunebook.jobs import job  # noqa: E402
from tunebook.learn import training  # noqa: E402
from tunebook.learn.blocks import part_of  # noqa: E402
from tunebook.learn.work import train_all, train_part  # noqa: E402

gc.freeze()
gc.enable()

records = snakemake.output.records
# Of one file, Snakemake gives the name alone.
records = [records] if isinstance(records, str) else list(records)
with job(snakemake.log[0], snakemake.input, records, snakemake.params.code):
    training.one_thread(snakemake.params.products)
    asked = list(zip(snakemake.params.blocks, records, strict=True))
    about = {"code": snakemake.params.code, "threads": snakemake.threads}
    given = snakemake.input.development, about, snakemake.params.folder, started
    if part_of(records[0]):
        [(block, path)] = asked
        train_part(block, path, *given)
    else:
        train_all(asked, *given)
