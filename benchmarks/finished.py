"""Make the study in this folder look finished to Snakemake; nothing is trained.

    cd PROJECT && python finished.py

Every output and log of every job is made where it is missing, empty, and dated in the order in
which jobs depend on each other; then Snakemake records each job as it does after a real one. Its
own command for that, `--touch`, waits a tenth of a second for each job; here it runs with a
scheduler that does not.
"""

from pathlib import Path

from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler


def finish_all(scheduler):
    workflow = scheduler.workflow

    async def record():
        for jobs in workflow.dag.toposorted():
            for job in jobs:
                for path in map(Path, [*job.output, *job.log]):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
                await workflow.persistence.finished(job)

    workflow.async_run(record())
    return True


JobScheduler.schedule = finish_all
main(["--touch", "--forceall", "--quiet", "all"])
