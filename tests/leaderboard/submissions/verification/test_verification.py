"""An honest submission is accepted; dishonest and broken ones are refused, each with its reason."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from forged import (
    Members,
    forge,
    in_json,
    in_probabilities,
    moved,
    one_seed_under_two_names,
    with_samples,
)
from sample_rows import make_row

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.errors import SubmissionError
from benchmark.results.store import RunStore
from leaderboard.submissions.own_rows import row_digest
from leaderboard.submissions.row_import import import_submission
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verification.origin_plausibility import impossible_times
from leaderboard.submissions.verification.verification import verify


def reasons(path: Path, dataset: Dataset) -> list[str]:
    """Return why a submission is refused, whether on reading or on checking it."""
    try:
        verdict = verify(read_submission(path), dataset)
    except SubmissionError as error:
        return [str(error)]
    return [problem for finding in verdict.findings for problem in finding.problems]


def test_an_honest_submission_is_accepted(honest: Path, tiny: Dataset) -> None:
    verdict = verify(read_submission(honest), tiny)
    assert verdict.accepted, reasons(honest, tiny)
    assert verdict.level == "verified from predictions"
    assert {d.transfer for d in verdict.differences} == {"FRA:CHN", "FRA:USA", "FRA:FRA"}
    assert all(d.stated == d.computed for d in verdict.differences)


def test_a_forger_who_changes_nothing_is_accepted(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """So that what refuses the others is their lie and not how they are forged."""
    assert reasons(forge(honest, tmp_path / "same.zip", lambda members: None), tiny) == []


def first_row(**changes: object) -> Callable[[Members], None]:
    return in_json("rows.json", lambda rows: rows[0].update(changes))


def score_altered(members: Members) -> None:
    in_json("rows.json", lambda rows: rows[0]["scores"].update(macro_f1=0.99))(members)


def score_of_a_crop_altered(members: Members) -> None:
    in_json("rows.json", lambda rows: rows[0]["scores"]["per_crop"]["corn"].update(f1=0.99))(
        members
    )


def predictions_permuted(members: Members) -> None:
    in_probabilities("FRA/CHN/82", lambda array: array[::-1])(members)


def sample_missing(members: Members) -> None:
    with_samples(members, "FRA/CHN", lambda ids: ids[1:], lambda array: array[1:])


def sample_extra(members: Members) -> None:
    with_samples(
        members,
        "FRA/CHN",
        lambda ids: [*ids, "CHN-extra"],
        lambda array: np.concatenate([array, array[-1:]]),
    )


def sample_twice(members: Members) -> None:
    with_samples(members, "FRA/CHN", lambda ids: [*ids[:-1], ids[0]], lambda array: array)


def sums_off(members: Members) -> None:
    in_probabilities("FRA/USA/83", lambda array: array * np.float32(1.1))(members)


def not_a_number(members: Members) -> None:
    def spoil(array: np.ndarray) -> np.ndarray:
        array[3, 1] = np.nan
        return array

    in_probabilities("FRA/USA/83", spoil)(members)


def score_not_a_number(members: Members) -> None:
    in_json("rows.json", lambda rows: rows[0]["scores"].update(macro_f1=float("nan")))(members)


def other_protocol(members: Members) -> None:
    protocol = yaml.safe_load(members["protocol.yaml"])
    protocol["trees"]["forest"] = 500
    members["protocol.yaml"] = yaml.safe_dump(protocol).encode()


def other_protocol_throughout(members: Members) -> None:
    """All parts agree with each other, but `quick` is not what the package ships under the name."""
    from benchmark.task.protocol import parse_protocol

    other_protocol(members)
    found = parse_protocol(members["protocol.yaml"].decode(), where="test").hash
    in_json("manifest.json", lambda manifest: manifest.update(protocol_hash=found))(members)
    in_json("rows.json", lambda rows: [row.update(protocol_hash=found) for row in rows])(members)


def other_data(members: Members) -> None:
    in_json("manifest.json", lambda manifest: manifest.update(fingerprint="0" * 64))(members)
    in_json("rows.json", lambda rows: [row["data"].update(fingerprint="0" * 64) for row in rows])(
        members
    )


def seed_copied(members: Members) -> None:
    for target in ("CHN", "USA", "FRA"):
        content = members[f"predictions/FRA/{target}/82.npy"]
        members[f"predictions/FRA/{target}/83.npy"] = content


def seed_mostly_copied(members: Members) -> None:
    """Two answers in a hundred are the seed's own."""
    from leaderboard.submissions.untrusted_content import read_probabilities

    before = read_probabilities(members["predictions/FRA/CHN/82.npy"], "82")
    step = 50

    def mix(array: np.ndarray) -> np.ndarray:
        mixed: np.ndarray = moved(5e-4)(before)
        mixed[::step] = array[::step]
        return mixed

    in_probabilities("FRA/CHN/83", mix)(members)


def seed_twice(members: Members) -> None:
    in_json("manifest.json", lambda manifest: manifest.update(seeds=[82, 82]))(members)
    for target in ("CHN", "USA", "FRA"):
        del members[f"predictions/FRA/{target}/83.npy"]
    in_json("rows.json", lambda rows: [row.update(seed=82) for row in rows])(members)


def seed_left_out(members: Members) -> None:
    """The bad transfer of one seed is left out of rows and predictions."""
    del members["predictions/FRA/USA/83.npy"]
    in_json(
        "rows.json",
        lambda rows: rows.remove(next(r for r in rows if (r["target"], r["seed"]) == ("USA", 83))),
    )(members)


def protocol_seed_left_out(members: Members) -> None:
    """The seed that the shipped protocol asks for is left out everywhere."""
    for target in ("CHN", "USA", "FRA"):
        del members[f"predictions/FRA/{target}/82.npy"]
    in_json("manifest.json", lambda manifest: manifest.update(seeds=[83]))(members)
    kept = [row for row in json.loads(members["rows.json"]) if row["seed"] == 83]
    members["rows.json"] = json.dumps(kept).encode()
    protocol = yaml.safe_load(members["protocol.yaml"])
    members["protocol.yaml"] = yaml.safe_dump(protocol | {"seeds": [83]}).encode()


def without(key: str) -> Callable[[Members], None]:
    return in_json("card.json", lambda content: content["card"].pop(key))


def card_says(**changes: object) -> Callable[[Members], None]:
    return in_json("card.json", lambda content: content["card"].update(changes))


def code_with(text: Callable[[Members], str]) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        members["code/my_method.py"] += text(members).encode()

    return apply


def ids_of(members: Members) -> str:
    return f"\nTABLE = {members['samples/FRA/CHN.txt'].decode().split()!r}\n"


def labels_array(members: Members) -> None:
    members["predictions/CHN/CHN/0.npy"] = members["predictions/FRA/CHN/82.npy"]


def timing(**changes: object) -> Callable[[Members], None]:
    return in_json("rows.json", lambda rows: rows[0]["cost"].update(changes))


def made(**changes: object) -> Callable[[Members], None]:
    return in_json("rows.json", lambda rows: rows[0]["provenance"].update(changes))


DISHONEST = {
    "one score altered": (score_altered, "macro_f1 is stated as 0.99"),
    "one crop's score altered": (score_of_a_crop_altered, "corn f1 is stated as 0.99"),
    "predictions permuted": (predictions_permuted, "FRA:CHN, seed 82.* the predictions give"),
    "a target sample missing": (sample_missing, "1 samples are missing, such as 'CHN-"),
    "an extra sample": (sample_extra, "1 samples are not to be scored, such as 'CHN-extra'"),
    "a sample twice": (sample_twice, "a sample is there twice"),
    "probabilities that do not sum to one": (sums_off, "do not sum to one"),
    "labels in the code as ids": (code_with(ids_of), r"names \d+ target samples by id"),
    "labels as encoded data": (code_with(lambda _: f"\nX = '{'Zm9v' * 400}'\n"), "encoded data"),
    "an array of nobody's": (labels_array, "CHN/CHN/0.npy' belongs to no transfer"),
    "another protocol than declared": (other_protocol, "the submission holds quick"),
    "another protocol of a shipped name": (other_protocol_throughout, "is not the shipped one"),
    "another dataset fingerprint": (other_data, "made on data of fingerprint 0000000000000000"),
    "a row of another dataset": (
        in_json("rows.json", lambda rows: rows[0]["data"].update(name="official")),
        "names another dataset than the manifest",
    ),
    "seeds repeated": (seed_twice, "Seeds are repeated: 82, 82"),
    "a seed copied": (seed_copied, "seeds 82 and 83 have the same probabilities"),
    "a seed copied, one probability moved": (
        one_seed_under_two_names(1e-6),
        "seeds 82 and 83 have the same probabilities",
    ),
    "a seed mostly copied": (seed_mostly_copied, "seeds 82 and 83 have the same probabilities"),
    "a seed of a transfer left out": (seed_left_out, "declares 'predictions/FRA/USA/83.npy'"),
    "a protocol's seed left out": (protocol_seed_left_out, r"asks for seeds \[82\] too"),
    "NaN in predictions": (not_a_number, "NaN or infinite"),
    "NaN in a score": (score_not_a_number, "NaN is no number"),
    "a card without licence": (without("licence"), "does not state 'licence'"),
    "a card with an empty licence": (card_says(licence="TBD"), "has no licence"),
    "a card without pretraining": (without("pretraining"), "does not state 'pretraining'"),
    "pretraining without data": (
        card_says(pretraining={"data": "", "countries": None, "years": [], "labels": "none"}),
        "has pretraining without data",
    ),
    "a row marked verified": (first_row(verification="verified by rerun"), "says 'verification'"),
    "a manifest that praises itself": (
        in_json("manifest.json", lambda manifest: manifest.update(verified=True)),
        "says 'verified' of itself",
    ),
    "fewer bands than there are": (
        in_json("rows.json", lambda rows: [row["data"].update(bands=["B2"]) for row in rows]),
        r"bands is \('B2',\), not \('B2', 'B3'",
    ),
    "a decision of a method that adapts to nothing": (
        first_row(decision={"stopped": True, "why": "the best there is"}),
        "decision is .*, not None",
    ),
    "rows of another method": (first_row(method="cropnet"), "of another method than the card"),
    "a row of another track": (first_row(track="oracle"), "of another method than the card"),
    "a fit in no time": (timing(fit_seconds=0.0), "fit seconds of 0.0 cannot be"),
    "a rate that does not follow": (timing(predict_samples_per_second=1e6), "do not follow from"),
    "energy below nothing": (timing(energy_joules=-5.0), "energy joules of -5.0 cannot be"),
    "a representation in less than no time": (
        timing(represent_seconds=-1.0),
        "represent seconds of -1.0 cannot be",
    ),
    "labels of a target that the method is not given": (
        first_row(target_labels_per_class=5),
        "target_labels_per_class is 5, not None",
    ),
    "a card with labels that its track does not give": (
        card_says(target_labels_per_class=5),
        "given 5 labels of each crop of a target, which the track 'inductive' does not give",
    ),
    "a coverage without vectors": (
        in_json("rows.json", lambda rows: rows[0]["data"].update(coverage=0.5)),
        "coverage is 0.5, not None",
    ),
    "a transfer named twice": (
        in_json("manifest.json", lambda manifest: manifest["transfers"].append("FRA:CHN")),
        "names a transfer twice",
    ),
    "a row of the future": (made(created="2099-01-01T00:00:00+00:00"), "created is 2099.*in the f"),
    "a row begun in the future": (made(started="2099-01-01T00:00:00"), "started is 2099.*in the f"),
    "a time that is none": (made(created="yesterday"), "created is 'yesterday', which is no time"),
    "an empty environment": (
        in_json("environment.json", lambda content: content.clear()),
        r"environment\.json lacks what made row FRA:",
    ),
    "a row of another environment": (
        made(python="2.7.18"),
        r"environment\.json lacks what made row FRA:",
    ),
    "an environment of nobody's": (
        in_json("environment.json", lambda content: content.append(content[0] | {"python": "9"})),
        "software or devices that made no row",
    ),
    "a device of nobody's": (
        in_json("environment.json", lambda content: content[0].update(devices=["abacus"])),
        "software or devices that made no row",
    ),
    "a number out of every range": (timing(parameters=10**400), "cannot be"),
}


@pytest.mark.parametrize(("change", "reason"), DISHONEST.values(), ids=DISHONEST)
def test_a_dishonest_submission_is_refused(
    change: Callable[[Members], None],
    reason: str,
    honest: Path,
    tiny: Dataset,
    tmp_path: Path,
) -> None:
    import re

    found = reasons(forge(honest, tmp_path / "forged.zip", change), tiny)
    assert any(re.search(reason, each) for each in found), found


def test_a_clock_of_another_time_zone_is_no_future() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    for created, future in (("2026-06-02T02:00:00", False), ("2026-06-02T13:00:00+00:00", True)):
        row = make_row()
        origin = row.provenance.model_copy(update={"created": created, "started": None})
        found = [*impossible_times([row.model_copy(update={"provenance": origin})], now)]
        assert bool(found) == future


@pytest.mark.parametrize("value", [None, 0.99])
def test_weighted_f1_may_be_missing_and_not_false(
    value: float | None, honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Rows that were made before it was reported lack it, and their digest is the same."""
    change = in_json("rows.json", lambda rows: rows[0]["scores"].update(weighted_f1=value))
    found = reasons(forge(honest, tmp_path / "other.zip", change), tiny)
    assert any("weighted_f1" in reason for reason in found) == (value is not None)
    rows = [read_submission(path).rows[0] for path in (honest, tmp_path / "other.zip")]
    assert row_digest(rows[0]) == row_digest(rows[1])


@pytest.mark.parametrize("form", ["digits", "names", "letters"])
def test_label_sequences_in_code_are_found_whatever_they_are_called(
    form: str, honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Shuffled first, since the tiny data are sorted by label, and long runs say little."""
    from benchmark.data.taxonomy import CROPS
    from leaderboard.submissions.verification.label_leaks import find_leaks

    labels = np.random.default_rng(3).permutation(tiny.load("CHN").labels)
    renamed = [int(label) + 3 for label in labels]
    text = {
        "digits": "".join(map(str, labels)),
        "names": repr([CROPS[label] for label in labels]),
        "letters": ", ".join(map(str, renamed)),
    }[form]
    honest_code = read_submission(honest).code or ""
    assert list(find_leaks(honest_code, ["CHN-1"], [labels])) == []
    (found,) = find_leaks(f"{honest_code}\nX = [{text}]", ["CHN-1"], [labels])
    assert "the labels of a target, in order" in found


def test_a_submission_on_other_data_is_refused(honest: Path, tmp_path: Path) -> None:
    from tiny import make_samples, write_tiny

    other = write_tiny(tmp_path / "other", make_samples("FRA", shift=1), make_samples("CHN"))
    assert any("has no domain 'USA'" in r or "fingerprint" in r for r in reasons(honest, other))


def test_the_same_data_may_have_another_name(honest: Path, tiny: Dataset, tmp_path: Path) -> None:
    """Two people who ingest one table into folders of their own have the same data."""
    shutil.copytree(tiny.root, tmp_path / "mine")
    card = tmp_path / "mine" / "dataset.json"
    card.write_text(card.read_text("utf-8").replace('"name": "tiny"', '"name": "mine"'), "utf-8")
    mine, store = open_dataset(tmp_path / "mine"), RunStore(tmp_path / "run")
    assert (mine.card.name, mine.fingerprint) == ("mine", tiny.fingerprint)
    assert reasons(honest, mine) == []
    import_submission(read_submission(honest), mine, store)
    assert {row.data.name for job in store.read_all()[0] for row in job.rows} == {"mine"}


def test_checks_that_build_on_a_failed_one_are_not_tried(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    verdict = verify(read_submission(forge(honest, tmp_path / "x.zip", sample_missing)), tiny)
    tried = {finding.title: finding.tried for finding in verdict.findings}
    assert not tried["Every score follows from the predictions and the verifier's labels."]
    assert not verdict.accepted
    assert verdict.differences == ()
