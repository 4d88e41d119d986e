"""Train and score methods on a dataset, and return what came out as tables."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UsageError
from benchmark.task.methods import Method
from benchmark.task.protocol import Protocol, load_protocol, validate_protocol
from cropglobe.datasets import CropDataset, open_dataset
from cropglobe.estimators import method_from_estimator
from cropglobe.run_results import RunResults, open_runs

if TYPE_CHECKING:
    from benchmark.run.execution import Finished

Announce = Callable[[str], None]


def run(
    data: CropDataset | str | Path,
    methods: Sequence[Any],
    transfers: Sequence[str] = (),
    *,
    protocol: str | Protocol = "quick",
    seeds: Sequence[int] | None = None,
    device: str | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    shifts: Sequence[str] = (),
    announce: Announce | None = None,
) -> RunResults:
    """Train methods on source domains and score them on target domains.

    Args:
        data: A dataset, the path of one, or the word ``simulated``.
        methods: Names or patterns of installed methods, `Method` objects, or unfitted scikit-learn
            estimators, which are given the representation ``median``; for another representation
            see `method_from_estimator`.
        transfers: Pairs such as ``FRA:CHN``, or groups such as ``published`` or
            ``cross-continent``; the published transfers that the data has if none is given.
        protocol: Name of a protocol, path of a YAML file, or a `Protocol`.
        seeds: Seeds in place of the protocol's.
        device: Device in place of the protocol's: ``cpu``, ``cuda``, ...
        out: Run directory. What it holds already is not run again. By default
            ``results/DATASET-PROTOCOL`` in the working directory.
        workers: Worker processes. 0 runs the jobs in this process, where a method is not isolated
            and has no time limit. By default 1 where every method has a name or is installed, and
            0 where one is an object, which another process cannot find.
        shifts: Names of shifts or of their factors, or ``all``: copies of each target that are
            scored besides, for `RunResults.shift_losses`.
        announce: Called with a sentence after each job and for each warning; ``print`` shows them.

    Returns:
        The results of the run directory.

    Raises:
        UsageError: If a name is unknown, an estimator does not fit, or objects are to be run in
            worker processes.
        DataError: If no transfer can be scored.
        StoreError: If the run directory cannot be written.
    """
    from benchmark.data.dataset_source import cache_directory
    from benchmark.results.row_index import write_index
    from benchmark.results.store import RunStore
    from benchmark.run.execution import execute
    from benchmark.run.runner import Runner
    from benchmark.run.session import open_executor, open_session
    from leaderboard.tables.leaderboard_files import write_leaderboard

    dataset = data if isinstance(data, CropDataset) else open_dataset(data)
    chosen_protocol = _protocol(protocol, seeds, device)
    chosen, objects = _methods(methods)
    count = (0 if objects else 1) if workers is None else workers
    if objects and count:
        raise UsageError(
            f"{chosen[-1].name} is an object of this process, which worker processes cannot find: "
            "use workers=0, or put the method into a file or a package."
        )
    say = announce or _silent
    store = RunStore(Path(out or Path("results") / f"{dataset.path.name}-{chosen_protocol.name}"))
    store.prepare()
    cache = cache_directory() / "representations"
    runner = Runner(dataset.source, chosen_protocol, cache)
    session = open_session(runner, store, chosen, transfers, shifts=shifts)
    elsewhere = count > 0 and session.work.todo
    with open_executor(runner, store, workers=count) if elsewhere else nullcontext() as executor:
        session = session.without_unscorable()
        session.write_plan()
        for sentence in (*session.warnings, *session.data_warnings()):
            say(f"Warning: {sentence}")
        execute(session.work, runner, store, executor, on_finish=lambda end: say(_said(end)))
    results = open_runs(store.root)
    write_index(store)
    write_leaderboard(results.results, store.root)
    return results


def _protocol(
    protocol: str | Protocol, seeds: Sequence[int] | None, device: str | None
) -> Protocol:
    chosen = load_protocol(protocol) if isinstance(protocol, str) else protocol
    changes: dict[str, object] = {}
    if seeds is not None:
        changes["seeds"] = tuple(seeds)
    if device is not None:
        changes["device"] = device
    return validate_protocol(chosen.model_dump() | changes, where="the arguments of run")


def _methods(methods: Sequence[Any]) -> tuple[tuple[Method, ...], bool]:
    """Return methods by what was given, and whether one of them is an object."""
    from benchmark.task.methods import registry

    if isinstance(methods, str):
        raise UsageError(f"Give methods as a list: [{methods!r}].")
    found: dict[str, Method] = {}
    objects: list[Method] = []
    for item in methods:
        if isinstance(item, str):
            found.update({method.name: method for method in registry().select([item])})
        else:
            objects.append(item if isinstance(item, Method) else method_from_estimator(item))
    for method in objects:
        if method.name in found:
            raise UsageError(f"Two methods are named '{method.name}': give one another name.")
        found[method.name] = method
    if not found:
        raise UsageError("No method was given: name one, such as 'median.random-forest'.")
    return tuple(found.values()), bool(objects)


def _said(end: "Finished") -> str:
    reason = f" ({end.reason})" if end.reason else ""
    return f"[{end.position}/{end.total}] {end.job}: {end.status}{reason}"


def _silent(sentence: str) -> None:
    del sentence
