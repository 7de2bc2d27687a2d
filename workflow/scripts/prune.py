"""List the trained blocks that no configuration names any more; delete them only when told to."""

from pathlib import Path

from tunebook.jobs import job
from tunebook.pruning import delete, orphans, size

with job(snakemake.log[0]) as console:
    said, folder = snakemake.params, Path(snakemake.params.folder)
    unnamed = orphans(folder, said.folders)
    listed = unnamed if said.delete == "all" else orphans(folder, [*said.folders, *said.before])
    for block in listed:
        print(block.relative_to(folder).as_posix(), file=console)
    megabytes = sum(map(size, listed)) / 1e6
    count = f"{len(listed)} blocks ({megabytes:.1f} MB) that {said.asked} does not name"
    if said.delete:
        delete(listed)
        print(f"Deleted {count}.", file=console)
    else:
        print(f"{count}; delete them with: snakemake prune --config delete=true", file=console)
    if kept := len(unnamed) - len(listed):
        print(
            f"{kept} more are named by the last call, for {said.asked_before}: name that here too, "
            "or delete them with: snakemake prune --config delete=all",
            file=console,
        )
