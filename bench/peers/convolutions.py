"""Convolutional networks in PyTorch: layers of as many channels, 3 x 3 taps, tanh; then the mean over the image.

Kinds: "conv-masked", weight * mask then F.conv2d, as published implementations of sparse training do (the mask is of
whole kernels, in as many groups; its place makes no difference to the time); "conv-dense", no mask; "conv-grouped",
PyTorch's own grouped convolution with the shuffle of channels between layers: the same sparse network.
"""

import torch
from torch.nn import Parameter
from torch.nn.functional import conv2d

CONVOLUTIONS = ("conv-masked", "conv-dense", "conv-grouped")
SIDE = 3


def kernels(channels, groups, of):
    """Weights [channels, channels / of, 3, 3] that keep activations at a normal scale."""
    return torch.randn(channels, channels // of, SIDE, SIDE) * (SIDE**2 * channels / groups) ** -0.5


def group_mask(channels, groups):
    group = torch.arange(channels) * groups // channels
    mask = (group[:, None] == group[None, :]).float()
    return mask[:, :, None, None].expand(-1, -1, SIDE, SIDE).contiguous()


def shuffle(images, groups):
    """Neighbouring channels come from different groups."""
    batch, channels, height, width = images.shape
    grouped = images.reshape(batch, groups, channels // groups, height, width)
    return grouped.transpose(1, 2).reshape(batch, channels, height, width)


def convolution_model(kind, channels, layers, groups):
    split = groups if kind == "conv-grouped" else 1
    weights = [Parameter(kernels(channels, groups, split)) for _ in range(layers)]
    biases = [Parameter(torch.zeros(channels)) for _ in range(layers)]
    mask = group_mask(channels, groups) if kind == "conv-masked" else None

    def forward(images):
        for weight, bias in zip(weights, biases):
            weight = weight if mask is None else weight * mask
            images = torch.tanh(conv2d(images, weight, bias, padding=SIDE // 2, groups=split))
            if split > 1:
                images = shuffle(images, groups)
        return images.mean((2, 3))

    return weights + biases, forward
