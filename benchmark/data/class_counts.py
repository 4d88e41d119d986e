"""Samples of each class and domain, frozen on first use: files that change are noticed."""

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np

from benchmark.data.cache import cache_directory
from benchmark.data.dataset import Dataset
from benchmark.data.dataset_card import read_card
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError
from benchmark.files import replace_text

COUNTS_FILE: Final = "cropglobe.counts.json"

Counts = dict[str, dict[str, int]]


def check_counts(dataset: Dataset, *, accept: bool = False) -> None:
    """Compare the samples of each class and domain with those of the first use, or keep them.

    The counts stand in the directory or, where it may only be read, in the cache. Domains that this
    project wrote, which its `dataset.json` names, may be made anew and are not held to them.

    Args:
        dataset: The dataset.
        accept: Whether to keep the counts as they are now, whatever they were.

    Raises:
        DataError: If they are others than on first use.
    """
    card = read_card(dataset.root)
    made_here = () if card is None else card.domains
    official = [domain for domain in dataset.domains if domain not in made_here]
    if not official:
        return
    now = {domain: _counts(dataset, domain) for domain in official}
    before = None if accept else _read(dataset.root)
    if before is not None:
        change = _change(before, now)
        if change is not None:
            raise DataError(
                f"{dataset.root} is not what it was on first use: {change}; if that is meant, "
                f"accept it with `cropglobe inspect {dataset.root} --accept`."
            )
    if before != now:
        _keep(dataset.root, now)


def forget_counts(root: Path) -> None:
    """Forget the counts of a directory whose files are replaced on purpose."""
    for path in _places(root):
        path.unlink(missing_ok=True)


def _counts(dataset: Dataset, domain: str) -> dict[str, int]:
    counts = np.bincount(dataset.load(domain).labels, minlength=len(CROPS)).tolist()
    return {crop: count for crop, count in zip(CROPS, counts, strict=True) if count}


def _change(before: Counts, now: Counts) -> str | None:
    """Say what has changed; further domains are no change."""
    for domain, counts in before.items():
        if domain not in now:
            return f"domain {domain} is gone"
        for crop in CROPS:
            was, is_now = counts.get(crop, 0), now[domain].get(crop, 0)
            if was != is_now:
                return f"{domain} had {was} samples of {crop} and has {is_now}"
    return None


def _places(root: Path) -> tuple[Path, Path]:
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:24]
    return root / COUNTS_FILE, cache_directory() / "counts" / f"{name}.json"


def _read(root: Path) -> Counts | None:
    for path in _places(root):
        try:
            content = json.loads(path.read_text("utf-8"))
            return {str(d): {str(c): int(n) for c, n in e.items()} for d, e in content.items()}
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise DataError(
                f"{path} holds no counts of samples ({error}): remove it, and see that the data is "
                "what it was."
            ) from error
    return None


def _keep(root: Path, counts: Counts) -> None:
    here, in_cache = _places(root)
    text = json.dumps(counts, indent=2) + "\n"
    try:
        replace_text(here, text)
    except OSError:  # a directory that may only be read
        try:
            replace_text(in_cache, text)
        except OSError as error:
            raise DataError(
                f"Neither {here} nor {in_cache} can be written ({error.strerror or error}): name "
                "another cache with CROPGLOBE_CACHE."
            ) from error
