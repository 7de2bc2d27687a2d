"""List the trained blocks that no configuration names any more; delete them only when told to."""

from pathlib import Path

from tunebook.jobs import job
from tunebook.pruning import delete, orphans, size

with job(snakemake.log[0]) as console:
    blocks = orphans(snakemake.params.folder, snakemake.params.folders)
    total = 0
    for block in blocks:
        total += size(block)
        print(block.relative_to(Path(snakemake.params.folder)).as_posix(), file=console)
    count = f"{len(blocks)} blocks ({total / 1e6:.1f} MB) that no configuration names"
    if snakemake.params.delete:
        delete(blocks)
        print(f"Deleted {count}.", file=console)
    else:
        print(f"{count}; delete them with: snakemake prune --config delete=true", file=console)
