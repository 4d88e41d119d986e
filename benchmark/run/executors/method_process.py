"""The process of one job's method: it gets arrays and returns probabilities.

It has no label of a target, no path of the data and no command line of the run. Each job has its
own process, so that changes by a method do not affect other jobs.

The imports at the top of this module are light, since threads and environment must be set before a
numerical library is loaded.
"""

import atexit
import faulthandler
import importlib
import logging
import os
import random
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmark.terminal import replace_unknown_signs

if TYPE_CHECKING:
    from benchmark.run.executors.messages import Channel, Message
    from benchmark.run.fitting.started_method import FitReport, FitRequest, InProcessMethod
    from benchmark.run.fitting.target_prediction import ShownTarget
    from benchmark.task.methods import Method

BEGIN: Final = "begin"
FIT: Final = "fit"
PREDICT: Final = "predict"
END: Final = "end"
"""Kinds of messages from the harness."""

METHODS: Final = "methods"
FITTED: Final = "fitted"
PREDICTED: Final = "predicted"
UNAVAILABLE: Final = "unavailable"
RAISED: Final = "raised"
REFUSED: Final = "refused"
"""Kinds of messages from the method's process."""

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Variables that limit threads of torch and XGBoost, of two linear algebra libraries, and of
scikit-learn's joblib."""

MOST_REQUEST_BYTES: Final = 2**40
"""Largest request in bytes; requests of the harness are not limited in practice."""

MOST_LETTERS: Final = 20_000
"""Greatest length of a reason."""

FIRST_TO_END: Final = 500
"""Score with which the system ends this process before the harness when memory runs out (proc(5),
oom_score_adj)."""


def main(words: Iterable[str]) -> None:
    """Run in a new process that was not forked.

    Args:
        words: Numbers of two descriptors: the connection and the trace.
    """
    connection, trace = (int(word) for word in words)
    sys.argv = ["cropglobe"]
    run_method_process(socket.socket(fileno=connection), trace)


def run_method_process(connection: socket.socket, trace: int) -> None:
    """Reply to requests until the harness closes the connection: the main loop of the process.

    Args:
        connection: Socket for requests and replies.
        trace: Descriptor of the file to which the stack is written when the process crashes or is
            ended by SIGUSR1.
    """
    _tell_where_it_dies(trace)
    from benchmark.run.executors.messages import Channel, MessageError
    from benchmark.terminal import replace_unknown_signs

    replace_unknown_signs()  # a method may print

    channel = Channel(connection)
    with suppress(MessageError):  # the harness is gone
        begin = channel.receive(0).values
        _prepare(begin)
        methods = _look_up(channel, begin)
        if methods is not None and begin["name"] is not None:
            _serve(channel, methods[0])
    atexit._run_exitfuncs()


def limit_threads(count: int) -> None:
    """Limit the threads of loaded libraries and, by the environment, of libraries loaded later."""
    if "OMP_NUM_THREADS" not in os.environ and "torch" in sys.modules:
        import torch
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(count)
        torch.set_num_threads(count)
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, str(count))


def _tell_where_it_dies(trace: int) -> None:
    faulthandler.enable(trace)
    # The default action of SIGUSR1 follows: it ends the process after the stack is written.
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    faulthandler.register(signal.SIGUSR1, trace, all_threads=False, chain=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator handles Ctrl-C
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_END))


def _prepare(begin: Mapping[str, Any]) -> None:
    """Set environment, limits, threads and seeds, before the method's code is loaded."""
    environment = begin["environment"]
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    for name, wanted in begin["limits"].items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.ERROR)
    replace_unknown_signs()  # a method may print
    if begin["threads"] is not None:
        limit_threads(begin["threads"])
    _seed(begin["seed"])


def _seed(seed: int) -> None:
    """Seed the global generators, which would otherwise be the same in every fork.

    Methods must use the seed of their context. This is for a method that does not.
    """
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global one is what is to be seeded
    if "torch" in sys.modules:
        import torch

        torch.manual_seed(seed)


def _look_up(channel: "Channel", begin: Mapping[str, Any]) -> "list[Method] | None":
    """Find the method, or all methods of a file, and send their descriptions to the harness."""
    from benchmark.errors import CropGlobeError
    from benchmark.run.executors.messages import Message
    from benchmark.run.tracebacks import describe_error
    from benchmark.task.authoring.method_files import load_method_file
    from benchmark.task.described_methods import to_plain

    file = None if begin["file"] is None else Path(begin["file"])
    try:
        if begin["name"] is None:
            assert file is not None
            methods = list(load_method_file(file))
        else:
            module, _, function = begin["function"].partition(":")
            find: Callable[[str, Path | None], Method] = getattr(
                importlib.import_module(module), function
            )
            methods = [find(begin["name"], file)]
        described = [to_plain(method) for method in methods]
    except CropGlobeError as error:
        refusal = {"error": type(error).__name__, "text": str(error)[:MOST_LETTERS]}
        channel.send(Message(REFUSED, refusal))
        return None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of a method
        refusal = {"error": "MethodError", "text": describe_error(error)[:MOST_LETTERS]}
        channel.send(Message(REFUSED, refusal))
        return None
    channel.send(Message(METHODS, {"methods": described}))
    return methods


def _serve(channel: "Channel", method: "Method") -> None:
    from benchmark.errors import UnavailableError
    from benchmark.run.executors.messages import Message
    from benchmark.run.fitting.started_method import InProcessMethod
    from benchmark.run.tracebacks import describe_error

    started = InProcessMethod(method)
    while (request := channel.receive(MOST_REQUEST_BYTES)).kind != END:
        try:
            reply = _reply(started, request)
        except UnavailableError as error:
            reply = Message(UNAVAILABLE, {"reason": str(error)[:MOST_LETTERS]})
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code of a method
            reply = Message(RAISED, {"reason": describe_error(error)[:MOST_LETTERS]})
        channel.send(reply)


def _reply(started: "InProcessMethod", request: "Message") -> "Message":
    from benchmark.run.executors.method_requests import (
        fit_report_message,
        prediction_message,
        read_fit_request,
        read_shown_target,
    )

    if request.kind == FIT:
        wanted: FitRequest = read_fit_request(request)
        report: FitReport = started.fit(wanted)
        return fit_report_message(report)
    shown: ShownTarget = read_shown_target(request)
    return prediction_message(started.predict(shown))


if __name__ == "__main__":
    main(sys.argv[1:])
