"""From the files of a dataset to one replicate's arrays."""
