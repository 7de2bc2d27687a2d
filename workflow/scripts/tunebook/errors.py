"""The one error that users are meant to read."""


class TunebookError(Exception):
    """Bad input: the message names the key or file, what was found and what is allowed."""
