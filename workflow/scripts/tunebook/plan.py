"""What a call of the workflow goes by from its start to its end, whatever is edited meanwhile.

The call that is typed reads the configuration and takes the fingerprints of the code, and writes
both down before it starts a job. Jobs are processes of their own and read that, not files that may
be others by now; one that meets other code than the plan's stops and says so.
"""

import json
import os
from pathlib import Path

from .code import files, fingerprint
from .jobs import TunebookError, read_json, sha256, written

# Tells a job where the plan lies, and its SHA-256, so that none follows another call's.
VARIABLE = "TUNEBOOK_PLAN"


def code_of(scripts, script, *packages):
    """What a job with that script depends on: its fingerprint, and the bytes of each file."""
    names = files(scripts, script, packages)
    return {
        "fingerprint": fingerprint(scripts, script, *packages),
        "scripts": str(Path(scripts).resolve()),
        "script": script,
        "packages": packages,
        "files": {name: sha256(Path(scripts, name)) for name in names},
    }


def write(path, study, code, asked, **together):
    """Write the plan of a call and tell its jobs, which inherit the environment.

    study: `Study.plain()`. code: {script: what `code_of` says}. asked: what was named on the
    command line, for people. together: what jobs make several of, as plain values by name.
    """
    with written(path) as beside:
        plan = {"asked": asked, "study": study, "code": code, **together}
        beside.write_text(json.dumps(plan), encoding="utf-8")
    os.environ[VARIABLE] = f"{sha256(path)} {Path(path).resolve()}"


def followed():
    """The plan that this process follows; None where none is named.

    Raises TunebookError where it is another than that of the call that started this process.
    """
    if VARIABLE not in os.environ:
        return None
    expected, _, path = os.environ[VARIABLE].partition(" ")
    if not Path(path).is_file() or sha256(path) != expected:
        raise TunebookError(
            f"{path}: not the plan that this job was started by; allowed: one call at a time for a "
            "folder of results"
        )
    return read_json(path)


def check_code(expected):
    """Raise TunebookError where code is another than when the call was planned.

    expected: the fingerprint that the plan has for this job. To be asked once all is imported: what
    was changed before then is found, what is changed later is not run.
    """
    plan = followed() or {"code": {}}
    for code in plan["code"].values():
        if code["fingerprint"] == expected:
            changed = [name for name in code["files"] if is_changed(code, name)]
            if changed and not same_code(code):
                raise TunebookError(
                    f"{', '.join(changed)}: changed since the study was started; start it again, "
                    "and what the change concerns is made anew"
                )


def is_changed(code, name):
    try:
        return sha256(Path(code["scripts"], name)) != code["files"][name]
    except OSError:
        return True


def same_code(code):
    """Whether files that have changed still say the same: a comment may have been written."""
    try:
        found = fingerprint(Path(code["scripts"]), code["script"], *code["packages"])
    except (OSError, SyntaxError, ValueError):
        return False
    return found == code["fingerprint"]
