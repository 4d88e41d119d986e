"""Which bands the methods are given for a transfer."""

from benchmark.data.dataset import Dataset
from benchmark.errors import DataError
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import Transfer


def transfer_bands(dataset: Dataset, protocol: Protocol, transfer: Transfer) -> tuple[str, ...]:
    """Return the bands of a transfer, which no other transfer of a run changes.

    Args:
        dataset: The data.
        protocol: The protocol, which may fix the bands.
        transfer: Source and target.

    Returns:
        The bands of the protocol or else those that source and target have in common, in the
        official order.

    Raises:
        DataError: If a domain lacks a band that the protocol fixes, or the two share none.
    """
    if protocol.bands is None:
        return dataset.common_bands(transfer.domains)
    for domain in transfer.domains:
        lacking = [b for b in protocol.bands if b not in dataset.domain_card(domain).bands]
        if lacking:
            raise DataError(
                f"Domain {domain} lacks {', '.join(lacking)} of the bands that are asked for "
                f"({' '.join(protocol.bands)})."
            )
    return protocol.bands
