"""Trained blocks and searches that no configuration of the study names any more."""

import re
import shutil
from pathlib import Path

# Hidden where it lies aside, of a job that did not finish.
BLOCK = re.compile(r"\.?(replicates-\d+-\d+)")


def orphans(folder, parts):
    """Block folders below the folder of runs that the study has no use for, in order of names.

    parts: what the study names, `<run>/replicates-<first>-<last>`. Only folders that look like a
    block are ever listed, and none that a link leads to: what it holds may be someone else's.
    """
    folder, wanted = Path(folder), set(parts)
    blocks = ((path, BLOCK.fullmatch(path.name)) for path in folder.glob("*/*replicates-*"))
    return sorted(
        path
        for path, name in blocks
        if name and path.is_dir() and not path.is_symlink() and not path.parent.is_symlink()
        and f"{path.parent.name}/{name[1]}" not in wanted
    )  # fmt: skip


def orphan_searches(folder, names):
    """Folders of searches, below that of all, that the study has no use for, in order of names.

    names: of those that it has. Only folders that hold steps are ever listed.
    """
    found = {path.parent for path in Path(folder).glob("*/step-*.json")}
    return sorted(path for path in found if path.name not in names and not path.is_symlink())


def delete(blocks):
    """Delete folders of blocks or searches, and those above that are left empty."""
    for block in blocks:
        shutil.rmtree(block)
        if not any(block.parent.iterdir()):
            block.parent.rmdir()


def size(block):
    """Bytes in the folder of a block or search."""
    return sum(path.stat().st_size for path in block.rglob("*") if path.is_file())
