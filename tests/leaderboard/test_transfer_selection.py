"""Chosen transfers: what is left of the other data."""

from sample_rows import make_row

from leaderboard.results import from_rows
from leaderboard.transfer_selection import on_transfers


def test_of_data_without_the_chosen_transfers_nothing_is_left() -> None:
    home = {"relation": "in-domain", "transfer": "FRA:FRA"}
    rows = [make_row(), make_row(target="USA", fingerprint="e" * 64)]
    rows += [row.model_copy(update={**home, "target": "FRA"}) for row in rows]
    found = on_transfers(from_rows(rows), ["FRA:CHN"])
    assert {row.data.fingerprint for row in found.rows} == {rows[0].data.fingerprint}
    assert len(found.rows) == 2
