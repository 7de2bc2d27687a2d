"""Which keys of a rule go together: what a JSON schema can only say in unreadable messages."""

from ..jobs import TunebookError


def exactly_one(kind, spec, *keys):
    """The one of some keys that a rule has; TunebookError if it has none or several."""
    found = [key for key in keys if key in spec]
    if len(found) != 1:
        raise TunebookError(
            f"{kind}: found {' and '.join(found) or 'none'} of {', '.join(keys)}; "
            "allowed: exactly one"
        )
    return found[0]


def just(kind, spec, *needed, optional=()):
    """Raise TunebookError unless a rule has all needed keys and none but those and `optional`."""
    for key in needed:
        if key not in spec:
            raise TunebookError(f"{kind}.{key}: missing; it must be given")
    for key in spec:
        if key not in (*needed, *optional):
            raise TunebookError(
                f"{kind}.{key}: has no meaning here; allowed: {', '.join([*needed, *optional])}"
            )
