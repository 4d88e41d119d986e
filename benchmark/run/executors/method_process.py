"""The process of one job's method: it is handed arrays and hands back probabilities.

It holds no label of a target, no path of the data and no command line of the run. What a method
changes in it, another job's method does not notice: each job has a process of its own.

The imports up here are light: threads and environment are set before a numerical library is loaded.
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
"""What the harness says."""

METHODS: Final = "methods"
FITTED: Final = "fitted"
PREDICTED: Final = "predicted"
UNAVAILABLE: Final = "unavailable"
RAISED: Final = "raised"
REFUSED: Final = "refused"
"""What the method's process says."""

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Threads of torch and XGBoost, of two linear algebra libraries, and of scikit-learn's joblib."""

MOST_REQUEST_BYTES: Final = 2**40
"""The harness may send what it likes."""

MOST_LETTERS: Final = 20_000
"""Length of a reason."""

FIRST_TO_END: Final = 500
"""Where memory runs out, the method's process is ended before the harness is (proc(5), oom)."""


def main(words: Iterable[str]) -> None:
    """Run as a process of its own, started anew.

    Args:
        words: Numbers of the descriptors of the connection and of the trace.
    """
    connection, trace = (int(word) for word in words)
    sys.argv = ["cropglobe"]
    run_method_process(socket.socket(fileno=connection), trace)


def run_method_process(connection: socket.socket, trace: int) -> None:
    """Answer the harness until it closes; the body of a method's process.

    Args:
        connection: Where requests come from and answers go to.
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
    """Limit the libraries that are loaded already and, by the environment, those to come."""
    if "OMP_NUM_THREADS" not in os.environ and "torch" in sys.modules:
        import torch
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(count)
        torch.set_num_threads(count)
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, str(count))


def _tell_where_it_dies(trace: int) -> None:
    faulthandler.enable(trace)
    # Chained to what SIGUSR1 does by itself, it ends the process once the stack stands in full.
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    faulthandler.register(signal.SIGUSR1, trace, all_threads=False, chain=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to answer
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
    """Seed the global generators: every fork would begin with the same numbers, whatever its job.

    Methods are asked to use the seed of their context; this is for one that forgets to.
    """
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global one is what is to be seeded
    if "torch" in sys.modules:
        import torch

        torch.manual_seed(seed)


def _look_up(channel: "Channel", begin: Mapping[str, Any]) -> "list[Method] | None":
    """Find the method, or all of a file, and describe it to the harness."""
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
        said = {"error": type(error).__name__, "text": str(error)[:MOST_LETTERS]}
        channel.send(Message(REFUSED, said))
        return None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code
        said = {"error": "MethodError", "text": describe_error(error)[:MOST_LETTERS]}
        channel.send(Message(REFUSED, said))
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
            answer = _answer(started, request)
        except UnavailableError as error:
            answer = Message(UNAVAILABLE, {"reason": str(error)[:MOST_LETTERS]})
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code
            answer = Message(RAISED, {"reason": describe_error(error)[:MOST_LETTERS]})
        channel.send(answer)


def _answer(started: "InProcessMethod", request: "Message") -> "Message":
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
    return prediction_message(*started.predict(shown))


if __name__ == "__main__":
    main(sys.argv[1:])
