"""The shipped catalogue, which several tests of one process read: it takes three seconds."""

from functools import cache

from gradparity.cases import catalogue, load_files


@cache
def whole():
    """All cases, and the faults of their files."""
    return load_files([catalogue()])
