"""Where the released code's networks begin: Kaiming initialisation of every layer."""

from torch import nn


def initialise(network: nn.Module) -> None:
    """Give a network's layers the initial values of the released code, in place.

    Weights of convolutions are drawn with the variance 2 / fan out and those of linear layers with
    2 / fan in; biases of linear layers are zero (paper_facts.md, CropNet and Read again, mark C; He
    et al. 2015, arXiv 1502.01852). Without it torch's own default gives a linear layer 1 / (3 fan
    in): CropNet's classifier would begin with a standard deviation of 0.051, not 0.125.

    Args:
        network: The network; its other layers keep their initial values.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            nn.init.zeros_(module.bias)
