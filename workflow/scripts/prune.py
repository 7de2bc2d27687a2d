"""List trained blocks and searches that no configuration names any more; delete them if told to."""

from pathlib import Path

from tunebook.jobs import job
from tunebook.pruning import delete, orphan_searches, orphans, size

with job(snakemake.log[0]) as console:
    said, folder = snakemake.params, Path(snakemake.params.folder)

    def unnamed(folders, searches):
        blocks = orphans(folder / "runs", folders)
        return [*blocks, *orphan_searches(folder / "searches", searches)]

    all_of_them = listed = unnamed(said.folders, said.searches)
    if said.delete != "all":
        folders, searches = said.before
        listed = unnamed([*said.folders, *folders], [*said.searches, *searches])
    for each in listed:
        print(each.relative_to(folder).as_posix().removeprefix("runs/"), file=console)
    megabytes = sum(map(size, listed)) / 1e6
    steps = sum(each.parent.name == "searches" for each in listed)
    and_searches = f" and {steps} {'searches' if steps > 1 else 'search'}" if steps else ""
    count = f"{len(listed) - steps} blocks{and_searches} ({megabytes:.1f} MB)"
    count += f" that {said.asked} does not name"
    if said.delete:
        delete(listed)
        print(f"Deleted {count}.", file=console)
    else:
        print(f"{count}; delete them with: snakemake prune --config delete=true", file=console)
    if kept := len(all_of_them) - len(listed):
        print(
            f"{kept} more are named by the last call, for {said.asked_before}: name that here too, "
            "or delete them with: snakemake prune --config delete=all",
            file=console,
        )
