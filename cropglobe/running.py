"""Train and score methods on a dataset, and return what came out as tables."""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from benchmark.errors import UsageError
from benchmark.files import user_path
from benchmark.run.job_options import make_protocol, run_directory
from benchmark.task.code_fingerprint import defining_file
from benchmark.task.feature_files import on_files
from benchmark.task.methods import Method
from benchmark.task.protocol import Protocol
from cropglobe.argument_words import argument_words, in_arguments
from cropglobe.arguments import as_list, as_whole_number, require_choice, require_type
from cropglobe.datasets import CropDataset, open_dataset
from cropglobe.estimator_identity import code_version
from cropglobe.estimators import method_from_estimator
from cropglobe.run_results import RunResults, open_runs

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from benchmark.results.mlflow.background_sync import BackgroundSync
    from benchmark.results.store import RunStore
    from benchmark.run.execution import Finished, Overwrite, Plan

Announce = Callable[[str], None]


@argument_words()
def run(
    data: CropDataset | str | Path,
    methods: Sequence[Any],
    transfers: Sequence[str] = (),
    *,
    protocol: str | Path | Protocol = "quick",
    seeds: Sequence[int] | None = None,
    bands: Sequence[str] | None = None,
    representation_from: Literal["computed", "files"] = "computed",
    device: str | None = None,
    out: str | Path | None = None,
    overwrite: "Overwrite" = "never",
    workers: int | None = None,
    mlflow: bool | str | None = None,
    shifts: Sequence[str] = (),
    announce: Announce | None = None,
) -> RunResults:
    """Train methods on source domains and score them on target domains.

    The run directory holds the same files as one of the command ``cropglobe run``.

    Args:
        data: A dataset, the path of one, or the word ``simulated``.
        methods: Names or patterns of installed methods, `Method` objects, or unfitted scikit-learn
            estimators, which are given the representation ``median``; for another representation
            see `method_from_estimator`.
        transfers: Pairs such as ``FRA:CHN``, or groups such as ``published`` or
            ``cross-continent``; if none is given, those of ``published`` and ``time`` that the data
            has.
        protocol: Name of a protocol, path of a YAML file, or a `Protocol`.
        seeds: Seeds in place of the protocol's.
        bands: Bands that every transfer is given, such as ``["B4", "B8"]``; those that its source
            and target have in common if ``None``.
        representation_from: Whether ``harmonic.*`` computes its features or reads the official
            harmonic ``files``; its rows are then named ``harmonic-files.*``.
        device: Device in place of the protocol's: ``cpu``, ``cuda``, ...
        out: Run directory. What it holds already is not run again. By default
            ``results/DATA-PROTOCOL`` in the working directory. Jobs of another code or of other
            parameters under the same name are kept too, with a warning.
        overwrite: Which stored jobs are run again: ``never`` any, those without scores
            (``failed``), those of other code (``stale``), or ``always`` all.
        workers: Worker processes. 0 runs the jobs in this process, where a method is not isolated
            and has no time limit. By default 1 where every method has a name or is installed, and
            0 where one is an object, which another process cannot find.
        mlflow: Whether MLflow shows the run: ``True`` in a database inside the run directory, the
            address of a server there, ``False`` nowhere. If ``None``, as for the command: the
            server of ``$MLFLOW_TRACKING_URI`` or else the database, and nowhere where
            ``$CROPGLOBE_TRACKING`` is 0.
        shifts: Names of shifts or of their factors, or ``all``: copies of each target that are
            scored besides, for `RunResults.shift_losses`.
        announce: Called with a sentence after each job and for each warning; ``print`` shows them.

    Returns:
        The results of the run directory.

    Raises:
        UsageError: If a name or a value is unknown, an estimator does not fit, or objects are to be
            run in worker processes.
        DataError: If no transfer can be scored.
        StoreError: If the run directory cannot be written.
    """
    from benchmark.data.dataset_source import cache_directory
    from benchmark.results.store import RunStore
    from benchmark.run.execution import Overwrite, execute
    from benchmark.run.run_reports import make_reports
    from benchmark.run.runner import Runner
    from benchmark.run.session import open_executor, open_session

    transfers = as_list("transfers", transfers, empty=True) or ()
    shifts = as_list("shifts", shifts, empty=True) or ()
    seeds, bands = as_list("seeds", seeds), as_list("bands", bands)
    require_type(
        "The protocol", protocol, (str, Path, Protocol), "its name, its path or a Protocol"
    )
    require_type("mlflow", mlflow, (bool, str, NoneType), "True, False or the address of a server")
    if announce is not None and not callable(announce):
        raise UsageError(f"announce={announce!r} is not possible: give a function, such as print.")
    require_choice("overwrite", overwrite, get_args(Overwrite))
    require_choice("representation_from", representation_from, ("computed", "files"))
    if workers is not None and as_whole_number("workers", workers) < 0:
        raise UsageError(f"workers={workers} is not possible: give the number of processes, or 0.")
    dataset = data if isinstance(data, CropDataset) else open_dataset(data)
    chosen_protocol = make_protocol(protocol, seeds, device, bands, where="the arguments of run")
    chosen, objects = _methods(methods)
    if representation_from == "files":
        chosen = on_files(chosen)
    count = (0 if objects else 1) if workers is None else workers
    if objects and count:
        raise UsageError(
            f"{chosen[-1].name} is an object of this process, which worker processes cannot find: "
            "use workers=0, or put the method into a file or a package."
        )
    say = _in_arguments(announce or _silent)
    name = dataset.path if isinstance(data, CropDataset) else data
    store = RunStore(user_path(out or run_directory(name, chosen_protocol)))
    store.prepare()
    cache = cache_directory() / "representations"
    runner = Runner(dataset.source, chosen_protocol, cache)
    session = open_session(runner, store, chosen, transfers, overwrite, shifts=shifts)
    with open_executor(session, workers=count) as executor:
        session = session.without_unscorable()
        session.write_plan()
        _tell_stored(session.work, announce and say)
        for sentence in (*session.warnings, *session.data_warnings()):
            say(f"Warning: {sentence}")
        with _tracking(store, mlflow, busy=bool(session.work.todo)) as follower:
            execute(session.work, runner, store, executor, on_finish=lambda end: say(_said(end)))
            store.directory.require()
            make_reports(store, quiet=True)  # before MLflow ends, which shows them
            if follower is not None:
                follower.finish()
                if follower.warning is not None:
                    say(f"Warning: {follower.warning}")
    return open_runs(store.root)


def _tracking(
    store: "RunStore", mlflow: bool | str | None, *, busy: bool
) -> "AbstractContextManager[BackgroundSync | None]":
    """Return what keeps MLflow up to date while a run goes on."""
    from benchmark.results.mlflow.background_sync import follow

    if mlflow is None:
        mlflow = os.environ.get("MLFLOW_TRACKING_URI") or True
        if os.environ.get("CROPGLOBE_TRACKING", "").lower() in NO:
            mlflow = False
    if mlflow is False:
        return nullcontext()
    return follow(store, None if mlflow is True else mlflow, busy=busy)


NO: Final = ("0", "false", "f", "no", "n", "off")
"""Values of an environment variable that the command line, too, takes for no."""


def _methods(methods: Sequence[Any]) -> tuple[tuple[Method, ...], bool]:
    """Return methods by what was given, and whether one of them is an object."""
    from benchmark.task.methods import registry

    found: dict[str, Method] = {}
    objects: list[Method] = []
    for item in as_list("methods", methods, empty=True) or ():
        if isinstance(item, str):
            found.update({method.name: method for method in registry().select([item])})
        else:
            objects.append(
                _with_code(item) if isinstance(item, Method) else method_from_estimator(item)
            )
    for method in objects:
        _require_own_name(method)
        if method.name in found:
            raise UsageError(
                f"Two methods are named '{method.name}': give one another name, an estimator with "
                "method_from_estimator(estimator, name=...)."
            )
        found[method.name] = method
    if not found:
        raise UsageError("No method was given: name one, such as 'median.random-forest'.")
    return tuple(found.values()), bool(objects)


def _require_own_name(method: Method) -> None:
    """Refuse an object under a name of this package: its rows would look like that method's."""
    from benchmark.task.authoring.method_files import own_methods
    from benchmark.task.methods import ALL_METHODS, method_sets

    shipped = own_methods().get(method.name)
    if shipped is None and method.name not in (*method_sets(), ALL_METHODS):
        return
    if shipped is None or shipped.code_fingerprint != method.code_fingerprint:
        raise UsageError(
            f"'{method.name}' is a name of this package: give your method another one, an "
            "estimator with method_from_estimator(estimator, name=...)."
        )


def _with_code(method: Method) -> Method:
    """Return a method whose version tells its code, where no file does, as in a notebook."""
    if defining_file(method.build) is not None:
        return method
    return replace(method, version=f"{method.version}+{code_version(method.build)}")


def _tell_stored(work: "Plan", announce: Announce | None) -> None:
    """Say which stored jobs are not what was asked for; unasked too, since they are in results."""
    for problem in work.damaged:
        (announce or _silent)(f"Damaged, to be run again: {problem}")
    for changed, jobs in Counter(work.stale.values()).items():
        sentence = (
            f"{jobs} stored job{'s' * (jobs > 1)} of these methods, made by {changed}, stay as "
            "they are: overwrite='stale' runs them again."
        )
        if announce is not None:
            announce(f"Warning: {sentence}")
        else:
            warnings.warn(sentence, UserWarning, stacklevel=4)


def _said(end: "Finished") -> str:
    reason = f" ({end.reason})" if end.reason else ""
    return f"[{end.position}/{end.total}] {end.job}: {end.status}{reason}"


def _in_arguments(announce: Announce) -> Announce:
    return lambda sentence: announce(in_arguments(sentence))


def _silent(sentence: str) -> None:
    del sentence
