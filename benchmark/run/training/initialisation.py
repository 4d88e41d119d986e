"""Initial values of the linear layers of the released code's networks."""

from torch import nn


def initialise_linear_layers(network: nn.Module) -> None:
    """Set the linear layers of a network to the initial values of the released code, in place.

    Weights are drawn from N(0, 2 / fan in) and biases are zero (paper_facts.md, Read again, mark C;
    He et al. 2015, arXiv 1502.01852). Torch's own weights have the variance 1 / (3 fan in). In
    CropNet's classifier the standard deviation is 0.125, with torch's weights 0.051.

    Args:
        network: The network. Its other layers are not changed.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            nn.init.zeros_(module.bias)
