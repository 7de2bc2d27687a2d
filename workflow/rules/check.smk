# Before Snakemake loads it, the configuration is shown to be plain values: Snakemake would run the
# expressions of a file that calls itself a template, and unfold aliases without end.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Relative where it can be, so that recorded inputs stay the same when the project is moved.
ROOT = Path() if Path(workflow.basedir).samefile(".") else Path(workflow.basedir)
SCRIPTS = ROOT / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS.resolve()))

from tunebook.configuration import read_yaml
from tunebook.jobs import TunebookError

CONFIGURATION = Path("config/config.yaml")

try:
    if CONFIGURATION.exists():
        read_yaml(CONFIGURATION)
except TunebookError as error:
    raise WorkflowError(str(error)) from None
