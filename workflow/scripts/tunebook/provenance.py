"""Hold the raw files to what their provenance tells of them."""

from pathlib import Path

from tunebook.jobs import TunebookError, sha256


def check_files(provenance, folder):
    """Raise TunebookError unless the files in ``folder`` are those that the provenance tells of.

    ``provenance`` is what ``datasets.retrieve`` returned. Call it before results are made of them.
    """
    for file in provenance["files"]:
        path = Path(folder, file["name"])
        try:
            found = sha256(path)
        except OSError as error:
            raise TunebookError(f"{path}: cannot be read ({error.strerror or error})") from error
        if found != file["sha256"]:
            raise TunebookError(
                f"{path}: changed since it was retrieved; expected SHA-256 {file['sha256']}, found "
                f"{found}; delete it and retrieve {provenance['dataset']} again"
            )
