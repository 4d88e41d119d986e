"""The score of a target does not depend on which other targets were asked for before it."""

import numpy as np
import pytest
from misbehaving import CARD, Nearest

from benchmark.data.dataset import Dataset
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import Features, Labels, Method, Target
from benchmark.task.protocol import Protocol
from benchmark.task.tracks import Track
from benchmark.task.transfers import select_transfers


class Drifting(Nearest):
    """Moves its own class means towards each target that it is shown."""

    def adapt(self, x: Features) -> Nearest:
        self.means_ = self.means_[::-1] + x.reshape(len(x), -1).mean(axis=0)
        return self

    def inform(self, target: Target) -> Nearest:
        del target
        return self.adapt(np.zeros((1, *self.means_.shape[1:])))

    def teach(self, x: Features, y: Labels) -> Nearest:
        del y
        return self.adapt(x)


class Copying(Drifting):
    """Does the same with a copy of itself."""

    def adapt(self, x: Features) -> Nearest:
        other = Drifting(self.context)
        other.means_ = self.means_
        return other.adapt(x)


def reasons(build: type[Nearest], track: Track, tiny: Dataset, smoke: Protocol) -> dict[str, str]:
    """Return why each target of France has no score."""
    method = Method("test.apart", "test", "median", build, CARD, track=track)
    transfers = select_transfers(("FRA:CHN", "FRA:USA"), tiny.domains)
    (job,) = plan(tiny, smoke, [method], transfers)
    return {row.target: row.reason or "" for row in Runner(tiny, smoke).run(job).rows}


@pytest.mark.parametrize("track", ["unlabelled-target", "knowledge", "knowledge-and-series"])
def test_a_method_that_changes_itself_has_no_score_on_a_target(
    track: Track, tiny: Dataset, smoke: Protocol
) -> None:
    found = reasons(Drifting, track, tiny, smoke)
    assert found.pop("FRA") == "", "in-domain it is not adapted"
    assert len(found) == 2
    assert all("changes when it is adapted" in reason for reason in found.values())
    assert set(reasons(Copying, track, tiny, smoke).values()) == {""}


def test_so_has_one_that_is_taught(tiny: Dataset, smoke: Protocol) -> None:
    found = reasons(Drifting, "oracle", tiny, smoke)
    assert all("changes when it is adapted" in found[name] for name in ("CHN", "USA"))
