"""Commands `pack`, `verify` and `fetch-submission`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.terminal import examples, show_progress, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.data.dataset import Dataset
    from leaderboard.submissions.verification.reference_comparison import Comparison
    from leaderboard.submissions.verification.verification import Verdict

EXIT_REFUSED = 1


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command(
        "pack",
        epilog=examples(
            "cropglobe pack RUN --method mine --author Ada --method-file my_method.py",
        ),
    )(pack)
    app.command(
        "verify",
        epilog=examples(
            "cropglobe verify submission.zip",
            "cropglobe verify submission.zip --data DATA --rerun",
            "cropglobe verify submission.zip --accept submissions --verifier Ada",
        ),
    )(verify)
    app.command(
        "fetch-submission",
        epilog=examples("cropglobe fetch-submission submission.json --out submission.zip"),
    )(fetch)


def pack(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    method: Annotated[str, typer.Option(help="Name of the method to submit.")],
    author: Annotated[list[str], typer.Option(help="Who submits it; repeatable.")],
    out: Annotated[Path, typer.Option(help="Archive to write.")] = Path("submission.zip"),
    method_file: Annotated[
        Path | None, typer.Option(help="File of the method, which goes into the submission.")
    ] = None,
    code_url: Annotated[
        str | None, typer.Option(help="Public repository of the code, in place of a file.")
    ] = None,
    commit: Annotated[str | None, typer.Option(help="Its commit, 40 hex digits.")] = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Submit predictions only, on a track of their own.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(help="Where you will put the archive; writes submission.json beside it."),
    ] = None,
) -> None:
    """Pack a method's rows, predictions, card and code for others to verify; no labels."""
    from benchmark.files import replace_text
    from leaderboard.submissions.fetching import check_address
    from leaderboard.submissions.packing import Source
    from leaderboard.submissions.packing import pack as write
    from leaderboard.submissions.submission_reader import read_submission
    from leaderboard.submissions.verdict_files import POINTER, make_pointer

    if url is not None:
        check_address(url)
    source = Source(method_file, code_url, commit, closed=closed)
    manifest, checksum = write(run, method, out, authors=author, source=source)
    typer.echo(
        f"Wrote {out}: {manifest.method}, {manifest.extent}, {size(out.stat().st_size)}, "
        f"SHA-256 {checksum}"
    )
    if url is not None:
        pointer = make_pointer(read_submission(out), url)
        replace_text(out.with_name(POINTER), pointer.model_dump_json(indent=2) + "\n")
        typer.echo(f"Wrote {out.with_name(POINTER)}")


def verify(
    submission: Annotated[Path, typer.Argument(help="Archive that `pack` wrote.")],
    data: Annotated[
        str, typer.Option(help="Your own copy of the data, or 'simulated'.")
    ] = "simulated",
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Train again: RUNS THE SUBMITTED CODE, confined.")
    ] = False,
    inspected: Annotated[
        bool,
        typer.Option(
            "--inspected", help="You have read the code, and what it carries; for --rerun."
        ),
    ] = False,
    compare: Annotated[
        list[str] | None, typer.Option(help="Installed methods to put beside it; runs them.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="How: text or markdown.")] = "text",
    into: Annotated[
        Path | None, typer.Option(help="Run directory to add its rows to, if accepted.")
    ] = None,
    accept: Annotated[
        Path | None, typer.Option(help="Folder of submissions to record it in, if accepted.")
    ] = None,
    verifier: Annotated[str | None, typer.Option(help="Your name, for --accept.")] = None,
    url: Annotated[str | None, typer.Option(help="Where the archive lies, for --accept.")] = None,
) -> None:
    """Compute a submission's scores from its predictions and your labels, and judge it.

    Exit status 0 accepts, 1 refuses, 2 could not judge. Nothing of the submission is executed
    without --rerun.
    """
    from benchmark.data.dataset_source import open_source
    from benchmark.errors import SubmissionError, UsageError, did_you_mean
    from leaderboard.submissions import verdict_text as rendering
    from leaderboard.submissions.submission_reader import read_submission
    from leaderboard.submissions.verdict_files import check_recordable
    from leaderboard.submissions.verification import verification

    forms = {"text": rendering.as_text, "markdown": rendering.as_markdown}
    if form not in forms:
        raise UsageError(f"Unknown format '{form}': {did_you_mean(form, forms)}")
    _check_options(accept, verifier, url)
    if not submission.is_file():
        raise UsageError(f"There is no archive {submission}: name a file that `pack` wrote.")
    with show_progress("Simulating") as progress:
        dataset = open_source(data, progress)
    try:
        read = read_submission(submission)
    except SubmissionError as error:
        typer.echo(rendering.refusal(error, form))
        raise typer.Exit(EXIT_REFUSED) from error
    if accept is not None:
        check_recordable(read, accept, verifier=verifier or "")
    try:
        verdict = verification.verify(read, dataset)
        if rerun and verdict.accepted:
            verdict = _rerun(verdict, dataset, inspected=inspected)
    except SubmissionError as error:
        typer.echo(rendering.refusal(error, form))
        raise typer.Exit(EXIT_REFUSED) from error
    beside = _beside(verdict, dataset, compare) if compare and verdict.accepted else None
    typer.echo(forms[form](verdict, beside))
    if not verdict.accepted:
        raise typer.Exit(EXIT_REFUSED)
    if accept is not None:  # first, since a verdict may have taken hours
        _record(verdict, accept, verifier or "", url)
    if into is not None:
        _add_rows(verdict, dataset, into)


def _check_options(accept: Path | None, verifier: str | None, url: str | None) -> None:
    """Check the options of `--accept` together, before anything is trained."""
    from benchmark.errors import UsageError
    from leaderboard.submissions.fetching import check_address

    if accept is not None and not verifier:
        raise UsageError("--accept needs --verifier NAME: a verdict says who gave it.")
    if accept is None and (verifier or url is not None):
        given = "--verifier" if verifier else "--url"
        raise UsageError(
            f"{given} is part of a recorded verdict: name a folder with --accept, or leave it out."
        )
    if url is not None:
        check_address(url)


def _add_rows(verdict: "Verdict", dataset: "Dataset", into: Path) -> None:
    """Add the rows of an accepted submission to a run directory, and say what became of them."""
    from benchmark.results.store import RunStore
    from leaderboard.submissions import row_import

    store = RunStore(into)
    alone = row_import.transfers_of_no_other(verdict.submission, store)
    done = row_import.import_submission(verdict.submission, dataset, store, verdict.trained)
    for sentence in row_import.describe(done, store):
        typer.echo(sentence, err=True)
    if alone:
        typer.echo(
            f"Warning: no other method in {into} has {', '.join(alone)}, so that all others "
            "are unranked until they are run there too.",
            err=True,
        )


def _rerun(verdict: "Verdict", dataset: "Dataset", *, inspected: bool) -> "Verdict":
    """Train again, confined where that is possible here, and say so before."""
    from benchmark.run.executors.confinement import why_not_confined
    from leaderboard.submissions.verification.rerun import announcement, verify_again

    unconfined = why_not_confined()
    typer.echo(announcement(verdict.submission, unconfined), err=True)
    return verify_again(verdict, dataset, confined=unconfined is None, inspected=inspected)


def _record(verdict: "Verdict", submissions: Path, verifier: str, url: str | None) -> None:
    """Write a verdict to the folder of submissions, and say so where a higher one stays."""
    from leaderboard.submissions.verdict_files import accept, standing_verdict

    folder = accept(verdict, submissions, verifier=verifier, url=url)
    typer.echo(f"Wrote {folder}", err=True)
    higher = standing_verdict(verdict, submissions)
    if higher is not None:
        typer.echo(
            f"Its verdict stays '{higher.level}', by {higher.verifier} on {higher.date}: it is on "
            "this very archive.",
            err=True,
        )


def _beside(
    verdict: "Verdict", dataset: "Dataset", methods: "Sequence[str]"
) -> "Comparison | None":
    """Return the scores of reference methods; a verdict stands without them too."""
    from benchmark.errors import SubmissionError
    from leaderboard.submissions.verification.reference_comparison import compare

    try:
        return compare(verdict.submission, dataset, methods)
    except SubmissionError as error:
        typer.echo(f"Reference methods could not be put beside it: {error}", err=True)
        return None


def fetch(
    pointer: Annotated[Path, typer.Argument(help="A submission.json.")],
    out: Annotated[Path, typer.Option(help="Archive to write.")] = Path("submission.zip"),
) -> None:
    """Fetch the archive that a submission.json points at, if it is the one that it names."""
    from benchmark.errors import SubmissionError
    from leaderboard.submissions.fetching import fetch_archive
    from leaderboard.submissions.verdict_text import refusal

    try:
        fetch_archive(pointer, out)
    except SubmissionError as error:
        typer.echo(refusal(error, "markdown"))
        raise typer.Exit(EXIT_REFUSED) from error
