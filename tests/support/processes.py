"""Wait for the end of a process that is no child of the test's own."""

import os
import select

import pytest

LONGEST = 60.0
"""Seconds to wait for; much more than a killed process needs on a busy machine."""


def ends(pid: int) -> bool:
    """Whether a process has ended or ends in time; one that nobody has waited for has ended.

    A killed process is still seen to run until it is next scheduled, so a look at its state alone
    can come too early.
    """
    if not hasattr(os, "pidfd_open"):
        pytest.skip("waiting for a process that is no child needs pidfd_open of Linux 5.3")
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], LONGEST)[0])
    finally:
        os.close(process)
