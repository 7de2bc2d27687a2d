"""Train one block of replicates of one configuration; reads development data only."""

import gc
import time

started = time.time()
# Nothing that is imported is ever garbage; to look for some, then and once more when the job ends,
# takes a third of the time that a job spends outside training.
gc.disable()

from tunebook.data.prepare import load  # noqa: E402
from tunebook.jobs import job  # noqa: E402
from tunebook.learn import training  # noqa: E402
from tunebook.learn.blocks import save_block  # noqa: E402

gc.freeze()
gc.enable()

with job(snakemake.log[0], snakemake.input, [snakemake.output.record], snakemake.params.code):
    training.one_thread()
    configuration, seeds = snakemake.params.configuration, snakemake.params.seeds
    first, last = int(snakemake.wildcards.first), int(snakemake.wildcards.last)
    print(f"{snakemake.wildcards.run}, replicates {first} to {last}")
    print("configuration:", configuration)
    replicates = [load(path) for path in snakemake.input.development]
    trained = training.train(
        configuration, replicates, seeds, snakemake.params.folder, training.console_progress()
    )
    record = {
        "run": snakemake.wildcards.run,
        "configuration": configuration,
        "replicates": list(range(first, last + 1)),
        "seeds": seeds,
        "threads": snakemake.threads,
        "started": started,
        "finished": time.time(),
    }
    save_block(*snakemake.output, trained, first, record)
    print(f"trained in {trained.seconds:.1f} s; diverged at epoch {trained.diverged_at}")
