"""What the hub's client and the file system raise, as one sentence that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmark.errors import DataError

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def plain_errors(what: str, root: Path) -> Iterator[None]:
    """Turn what the hub's client and the file system raise into one sentence."""
    from huggingface_hub import errors

    connection: Any = errors.HTTPError  # type: ignore[attr-defined]  # of its HTTP library
    again = f"finished files are kept, repeat `cropglobe download {root}`"
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise DataError(
            f"{what} cannot be asked for in offline mode: unset HF_HUB_OFFLINE, or check what is "
            f"here with `cropglobe download {root} --offline`."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise DataError(f"The hub has no such revision: {what}; leave out --revision.") from error
    except errors.GatedRepoError as error:
        raise DataError(
            f"{what} asks for consent: give it on its page, then `hf auth login`."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise DataError(
            f"The hub has no dataset {what}, or it is private: `hf auth login`."
        ) from error
    except errors.EntryNotFoundError as error:
        raise DataError(
            f"The hub lists a file of {what} that it does not have: {again} later."
        ) from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no answer")
        hint = (
            "it limits the rate of requests; wait a few minutes" if status == 429 else "try later"
        )
        raise DataError(f"The hub refused {what} (status {status}), {hint}: {again}.") from error
    except connection as error:
        raise DataError(
            f"The hub could not be reached for {what} ({type(error).__name__}): {again}."
        ) from error
    except OSError as error:
        raise DataError(_file_problem(error, root, again)) from error


def _file_problem(error: OSError, root: Path, again: str) -> str:
    if error.errno in NO_ROOM:
        return f"The disk of {root} is full: make room; {again}."
    if error.errno is None:  # the client's own words for an answer that ended too soon
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"The download into {root} broke off ({first.rstrip('.')}): {again}."
    return f"Cannot write to {root} ({error.strerror}): {again}."
