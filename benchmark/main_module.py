"""Processes that do not run the program that starts them again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def main_left_out() -> Iterator[None]:
    """Keep processes that are started in here from running this process's main module.

    multiprocessing has a new process do so where it is not forked, to find the functions of that
    module. Those of this package are found without it, while a user's script would begin again in
    each process unless it says ``if __name__ == "__main__"``.
    """
    main = sys.modules["__main__"]
    file, spec = main.__dict__.get("__file__"), main.__spec__
    main.__dict__.pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file
