"""Begin a study: `make new-study NAME=wine DATA=path/to/wine.csv TARGET=quality`."""

import argparse
import sys

from tunebook.jobs import TunebookError
from tunebook.new_study import new_study

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--name", default="", help="of the study: a folder in studies/")
parser.add_argument("--data", default="", help="CSV, TSV, Parquet, NPZ, or a folder of images")
parser.add_argument("--target", default="", help="the column that is predicted")
parser.add_argument(
    "--task", default="", help="classification or regression, if the guess is wrong"
)
given = parser.parse_args()

try:
    new_study(given.name, given.data, given.target, given.task)
except TunebookError as error:
    sys.exit(f"Error: {error}")
