"""The quartet: which networks it joins, and what its card says of them."""

from benchmark.task.authoring.contract_check import tiny_protocol
from benchmark.task.methods import Context, registry
from cropnet.ensembles import Ensemble
from cropnet.methods import augmented
from cropnet.travelling import trio

BANDS = ("B2", "B3", "B4", "B8")


def test_cropnet_is_the_fourth_beside_those_of_trio() -> None:
    known = registry().all()
    context = Context(0, ("corn", "other"), tiny_protocol(), "cpu", BANDS, (4, 73))
    quartet = known["quartet"].build(context)
    assert isinstance(quartet, Ensemble)
    assert quartet.mean == "geometric"
    assert quartet.members == (*trio(context).members, augmented)
    parts = [known[name].card.parameters or 0 for name in ("trio", "cropnet.aug")]
    assert known["quartet"].card.parameters == sum(parts)
