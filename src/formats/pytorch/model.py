"""A sparse network from isosparse, as a plain PyTorch module. Needs torch (1.13 or newer) and numpy, nothing else.

    from model import load, save

    model = load(form="fast")                  # or form="masked"; an nn.Module like any other
    model.to("cuda")                           # train it as you train anything: any optimizer, DDP, autocast
    save(model, "trained.safetensors")         # isosparse reads this again: sao eval, sao inspect, sao train --from

Both forms compute the same function and learn the same way; they differ in how.

  masked   weight [out, in], of a convolution [out, in, k, k], times a mask of zeros and ones, at every forward: how
           sparse training is usually published. Easy to look into, and as slow and large as a dense network.
  fast     only the weights that exist: groups of small dense blocks, multiplied by one batched product a layer
           (torch.baddbmm) or a grouped convolution (conv2d), and the order of units put right by index_select where
           it changes. Layers that have no blocks (irregular masks) stay masked: PyTorch's sparse products are no
           faster at such densities, and it has no sparse convolutions.

Networks that start with images take [batch, channels, height, width], or the same numbers in any other shape,
channel by channel and row by row. Batch normalization goes by each batch itself in `train()`, and by the running
statistics in `eval()`, as everywhere in PyTorch.

No optimizer can revive a pruned weight. In the fast form there is none; in the masked form its gradient is exactly
zero and so is its value, and the forward pass would mask it in any case.

    python model.py            says what is here
    python model.py --check    tests it on this machine: --device cuda for a GPU
"""

import argparse
import json
import os
import sys
import tempfile

import numpy as np
import torch
from torch import nn

WEIGHTS = "model.safetensors"
FORMS = ("masked", "fast")


# --- Modules --------------------------------------------------------------------------------------------------


class InputScaling(nn.Module):
    """Raw inputs, of any numeric type, to standardised ones: vectors [batch, width], images [batch, channels, height,
    width]. Inputs may have any shape of as many numbers; images come channel by channel, each row by row."""

    def __init__(self, shape, mean, deviation):
        super().__init__()
        self.shape = shape
        self.width = size_of(shape)
        # Constants of the data, not of the training: they come with the file and stay out of the state dict.
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)

    def forward(self, x):
        x = x.flatten(1)
        if x.shape[1] != self.width:
            raise ValueError(f"this network takes {self.width} inputs, not {x.shape[1]}")
        if not x.is_floating_point():
            x = x.float()
        x = x if self.mean is None else (x - self.mean) / self.deviation
        return x if is_vector(self.shape) else x.view(-1, *self.shape)


class Module(nn.Module):
    """A layer of either form. Values are [batch, units] or [batch, channels, height, width]; where `batch_last`,
    [units, batch]."""

    batch_last = False

    def tensors_of(self, layer):
        """What a file holds of the layer as it is now, by the end of its name."""
        return {}


class MaskedWeights(Module):
    """A whole weight tensor times its mask."""

    def __init__(self, layer):
        super().__init__()
        shape = (layer["rows"], layer["columns"], *layer["taps"])
        weight, mask = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        weight[support(layer)] = layer["weight"]
        mask[support(layer)] = 1
        self.activation = layer["activation"]
        self.weight = nn.Parameter(torch.from_numpy(weight))
        self.bias = nn.Parameter(torch.from_numpy(layer["bias"].copy()))
        # Of the weight's own type: multiplying by a mask of booleans takes PyTorch longer.
        self.register_buffer("mask", torch.from_numpy(mask))

    def tensors_of(self, layer):
        return {f"{layer['topology']}.weight": array(self.weight)[support(layer)], "bias": array(self.bias)}


class MaskedLinear(MaskedWeights):
    """activation((weight * mask) x + bias), all dense. x is [batch, in], or [in, batch] where `batch_last`."""

    def __init__(self, layer, batch_last=False):
        super().__init__(layer)
        self.batch_last = batch_last

    def forward(self, x):
        weight = self.weight * self.mask
        if self.batch_last:
            return ACTIVATIONS[self.activation](torch.addmm(self.bias[:, None], weight, x))
        return ACTIVATIONS[self.activation](nn.functional.linear(vectors(x), weight, self.bias))


class MaskedConvolution(MaskedWeights):
    """activation((weight * mask) * x + bias), with the whole kernel tensor [out, in, k, k]."""

    def __init__(self, layer):
        super().__init__(layer)
        self.surroundings = Surroundings(layer)

    def forward(self, x):
        x, options = self.surroundings(images(x))
        return ACTIVATIONS[self.activation](nn.functional.conv2d(x, self.weight * self.mask, self.bias, **options))


class Blocks(Module):
    """The weights of groups that cover the layer. Groups of one size are one parameter `blocks.i`; most layers have one
    or two sizes. `bias` is in the order of the outputs: group after group."""

    def __init__(self, layer):
        super().__init__()
        self.sizes = group_sizes(layer)
        self.inputs = [groups * columns for groups, _, columns in self.sizes]
        self.outputs = [groups * rows for groups, rows, _ in self.sizes]
        ends = np.cumsum([groups * rows * columns for groups, rows, columns in self.sizes])
        parts = zip(np.split(layer["weight"], ends[:-1]), self.sizes)
        blocks = [part.reshape(*self.block_shape(size), *layer["taps"]) for part, size in parts]
        self.activation = layer["activation"]
        self.blocks = nn.ParameterList(nn.Parameter(torch.from_numpy(block.copy())) for block in blocks)
        self.bias = nn.Parameter(torch.from_numpy(layer["bias"][layer["row_order"]]))

    def products(self, x, dim, **options):
        """The products of all groups, beside one another along `dim`."""
        if len(self.sizes) == 1:
            return self.product(x, self.blocks[0], self.bias, self.sizes[0], **options)
        parts = zip(x.split(self.inputs, dim), self.blocks, self.bias.split(self.outputs), self.sizes)
        return torch.cat([self.product(*part, **options) for part in parts], dim)

    def tensors_of(self, layer):
        bias = np.empty_like(array(self.bias))
        bias[layer["row_order"]] = array(self.bias)
        weight = np.concatenate([array(block).ravel() for block in self.blocks])
        return {"blocks.weight": weight.reshape(layer["weight"].shape), "bias": bias}


class BlockLinear(Blocks):
    """activation(W x + bias) for x [in, batch], W block-diagonal in the order in which units come and go here; blocks
    are [groups, rows, columns]."""

    batch_last = True

    @staticmethod
    def block_shape(size):
        return size

    def forward(self, x):
        return ACTIVATIONS[self.activation](self.products(x, 0))

    @staticmethod
    def product(x, block, bias, size):
        (groups, rows, columns), batch = size, x.shape[1]
        y = torch.baddbmm(bias.view(groups, rows, 1), block, x.reshape(groups, columns, batch))
        return y.view(groups * rows, batch)


class BlockConvolution(Blocks):
    """activation(W * x + bias), a convolution of groups in the order in which channels come and go here; blocks are
    [groups x rows, columns, k, k], as conv2d takes them."""

    def __init__(self, layer):
        super().__init__(layer)
        self.surroundings = Surroundings(layer)

    @staticmethod
    def block_shape(size):
        groups, rows, columns = size
        return groups * rows, columns

    def forward(self, x):
        x, options = self.surroundings(images(x))
        return ACTIVATIONS[self.activation](self.products(x, 1, **options))

    @staticmethod
    def product(x, block, bias, size, **options):
        return nn.functional.conv2d(x, block, bias, groups=size[0], **options)


class Surroundings:
    """What lies around an image: zeros, which conv2d adds where it can, or its other side.

    With c = (k - 1) // 2, output pixel p reads input pixels stride * p + (tap - c) * dilation: for even k the centre
    tap is the first of the two middle ones, so that more is added behind than before.
    """

    def __init__(self, layer):
        k = layer["taps"][0]
        self.before, self.after = (k - 1) // 2, k - 1 - (k - 1) // 2
        self.stride, self.dilation, self.circular = layer["stride"], layer["dilation"], layer["circular"]

    def __call__(self, x):
        """The image as conv2d should take it, and how."""
        if self.circular:
            # Going round a side of n pixels, dilation and dilation mod n read the same ones.
            steps = [1 + (self.dilation - 1) % side for side in x.shape[2:]]
            for dim, step in zip((2, 3), steps):
                x = going_round(x, dim, self.before * step, self.after * step)
            return x, {"stride": self.stride, "dilation": steps}
        before, after = self.before * self.dilation, self.after * self.dilation
        if before == after:
            return x, {"stride": self.stride, "dilation": self.dilation, "padding": before}
        x = nn.functional.pad(x, (before, after, before, after))
        return x, {"stride": self.stride, "dilation": self.dilation}


def going_round(x, dim, before, after):
    """x with entries more before and after along `dim`, as if it went round."""
    side, place, parts = x.shape[dim], -before, []
    while place < side + after:
        length = min(side - place % side, side + after - place)
        parts.append(x.narrow(dim, place % side, length))
        place += length
    return torch.cat(parts, dim)


class AveragePool(Module):
    def __init__(self, layer):
        super().__init__()
        self.window = layer["window"]

    def forward(self, x):
        return nn.functional.avg_pool2d(images(x), self.window)


class Flatten(Module):
    def forward(self, x):
        return x.flatten(1)


class SpaceToDepth(Module):
    def __init__(self, layer):
        super().__init__()
        self.side = layer["side"]

    def forward(self, x):
        return nn.functional.pixel_unshuffle(images(x), self.side)


class Pad(Module):
    """Zeros around; where they are odd in number, one more right and below."""

    def __init__(self, layer):
        super().__init__()
        height, width = (after - before for before, after in zip(layer["input"][1:], layer["size"]))
        self.pads = (width // 2, width - width // 2, height // 2, height - height // 2)

    def forward(self, x):
        return nn.functional.pad(images(x), self.pads)


class MaxMin(Module):
    """Channels c and c + C/2 become their larger and their smaller value."""

    def forward(self, x):
        first, second = x.chunk(2, 1)
        return torch.cat((torch.maximum(first, second), torch.minimum(first, second)), 1)


class BatchNorm(Module):
    """Batch normalization, of channels in the order in which they come here; by running statistics after `eval()`."""

    def __init__(self, layer, order):
        super().__init__()
        self.order, self.activation = order, layer["activation"]
        self.epsilon, self.momentum = layer["epsilon"], layer["momentum"]
        self.weight = nn.Parameter(torch.from_numpy(layer["weight"][order]))
        self.bias = nn.Parameter(torch.from_numpy(layer["bias"][order]))
        self.register_buffer("running_mean", torch.from_numpy(layer["statistics"][0][order]))
        self.register_buffer("running_var", torch.from_numpy(layer["statistics"][1][order]))

    def forward(self, x):
        statistics = self.running_mean, self.running_var
        how = self.training, self.momentum, self.epsilon
        return ACTIVATIONS[self.activation](nn.functional.batch_norm(x, *statistics, self.weight, self.bias, *how))

    def tensors_of(self, layer):
        back = np.argsort(self.order)
        mean, variance = array(self.running_mean)[back], array(self.running_var)[back]
        return {
            "weight": array(self.weight)[back],
            "bias": array(self.bias)[back],
            "statistics": np.stack((mean, variance)),
        }


class Add(Module):
    """activation(x + shortcut): every s-th pixel of a larger shortcut, and zeros for channels that it does not have.

    `have` and `want` are the orders in which the shortcut's channels and those of x come here.
    """

    def __init__(self, layer, have, want):
        super().__init__()
        self.activation, self.step = layer["activation"], layer["step"]
        self.missing = len(want) - len(have)
        self.reorder = reorder(np.concatenate((have, np.setdiff1d(want, have))), want, 1)

    def forward(self, x, shortcut):
        if self.step > 1:
            shortcut = shortcut[:, :, :: self.step, :: self.step]
        if self.missing > 0:
            zeros = shortcut.new_zeros(len(shortcut), self.missing, *shortcut.shape[2:])
            shortcut = torch.cat((shortcut, zeros), 1)
        return ACTIVATIONS[self.activation](x + self.reorder(shortcut).reshape(x.shape))


class Permute(torch.autograd.Function):
    """Entries of x along `dim` in another order. The way back is the inverse order, cheaper than adding up by index."""

    @staticmethod
    def forward(ctx, x, order, inverse, dim):
        ctx.save_for_backward(order, inverse)
        ctx.dim = dim
        return x.index_select(dim, order)

    @staticmethod
    def backward(ctx, gradient):
        order, inverse = ctx.saved_tensors
        return Permute.apply(gradient, inverse, order, ctx.dim), None, None, None


class Reorder(nn.Module):
    """Units in the order that the next layer takes them in; the permutations of two layers in one."""

    def __init__(self, order, dim):
        super().__init__()
        self.dim = dim
        self.register_buffer("order", torch.from_numpy(order), persistent=False)
        self.register_buffer("inverse", torch.from_numpy(np.argsort(order)), persistent=False)

    def forward(self, x):
        if not x.requires_grad:
            return x.index_select(self.dim, self.order)
        return Permute.apply(x, self.order, self.inverse, self.dim)


class Network(nn.Module):
    """Layers one after the other, each with a reordering of units before it; shortcuts read what earlier ones gave."""

    def __init__(self, source, layers, reorders, last):
        super().__init__()
        self.source = source
        self.input = InputScaling(*source["input"])
        self.layers = nn.ModuleList(layers)
        self.reorders = nn.ModuleList(reorders)
        self.last = last
        self.shortcuts = [layer.get("from") for layer in source["layers"]]
        self.read = {shortcut for shortcut in self.shortcuts if shortcut is not None}
        self.output = source["layers"][-1]["output"]

    def forward(self, x):
        x, batch_last, kept = self.input(x), False, {}
        for i, (layer, before, shortcut) in enumerate(zip(self.layers, self.reorders, self.shortcuts)):
            if layer.batch_last != batch_last:
                x = vectors(x).t() if layer.batch_last else x.t()
                batch_last = layer.batch_last
            x = before(x)
            x = layer(x) if shortcut is None else layer(x, kept[shortcut])
            if i in self.read:
                kept[i] = x.t() if batch_last else x
        x = self.last(x)
        x = x.t() if batch_last else x
        return vectors(x) if is_vector(self.output) else x


class MaskedNetwork(Network):
    """Layers as `weight * mask`. The state dict has `layers.N.weight`, `.bias` and `.mask`."""

    form = "masked"

    def __init__(self, source):
        orders = [np.arange(layer["output"][0]) for layer in source["layers"]]
        makers = {"linear": MaskedLinear, "convolution": MaskedConvolution}
        layers = []
        for layer in source["layers"]:
            make = makers.get(layer["kind"])
            channels = np.arange(layer["input"][0])
            layers.append(make(layer) if make else plain_module(layer, channels, orders))
        super().__init__(source, layers, [nn.Identity() for _ in layers], nn.Identity())


class FastNetwork(Network):
    """Layers as batched products of their blocks, or grouped convolutions. The state dict has `layers.N.blocks.i` and
    `layers.N.bias`.

    Between linear layers activations are [units, batch], so that a unit is a row and moving units moves whole rows.
    """

    form = "fast"

    def __init__(self, source):
        layers, reorders, orders = [], [], []
        order = np.arange(source["layers"][0]["input"][0])  # which unit or channel each one here is
        for layer in source["layers"]:
            blocks = layer.get("topology") == "blocks"
            wanted = layer["column_order"] if blocks else wanted_order(layer, order)
            if layer["kind"] == "linear":
                module = BlockLinear(layer) if blocks else MaskedLinear(layer, batch_last=True)
            elif layer["kind"] == "convolution":
                module = BlockConvolution(layer) if blocks else MaskedConvolution(layer)
            else:
                module = plain_module(layer, wanted, orders)
            reorders.append(reorder(order, wanted, 0 if module.batch_last else 1))
            layers.append(module)
            order = layer["row_order"] if blocks else given_order(layer, wanted)
            orders.append(order)
        last = reorder(order, np.arange(len(order)), 0 if layers[-1].batch_last else 1)
        super().__init__(source, layers, reorders, last)


def wanted_order(layer, order):
    """In which order a layer without blocks takes its units, given the one that there is: any, or each in its place."""
    any_order = layer["kind"] in ("averagePool", "pad", "batchNorm", "add", "flatten", "spaceToDepth")
    return order if any_order else np.arange(len(order))


def given_order(layer, order):
    """In which order a layer without blocks gives its units, given the one that it takes them in."""
    outputs, inputs = layer["output"][0], layer["input"][0]
    if layer["kind"] in ("linear", "convolution"):
        return np.arange(outputs)
    times = outputs // inputs  # each channel becomes as many units side by side
    return (order[:, None] * times + np.arange(times)).ravel()


def plain_module(layer, order, orders):
    """The module of a layer without a mask, its channels in `order`; `orders`: those of what earlier layers gave."""
    if layer["kind"] == "batchNorm":
        return BatchNorm(layer, order)
    if layer["kind"] == "add":
        return Add(layer, orders[layer["from"]], order)
    makers = {"averagePool": AveragePool, "spaceToDepth": SpaceToDepth, "pad": Pad}
    if layer["kind"] in makers:
        return makers[layer["kind"]](layer)
    return {"flatten": Flatten, "maxMin": MaxMin}[layer["kind"]]()


def reorder(have, want, dim):
    """From entries along `dim` that are the units `have` to entries that are the units `want`."""
    place = np.argsort(have)[want]
    return nn.Identity() if np.array_equal(place, np.arange(len(place))) else Reorder(place, dim)


def images(x):
    """Vectors as images of one pixel."""
    return x if x.dim() == 4 else x[:, :, None, None]


def vectors(x):
    """Images of one pixel as vectors."""
    return x.flatten(1)


def array(tensor):
    return tensor.detach().float().cpu().numpy()


ACTIVATIONS = {
    "linear": lambda x: x,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "hardtanh": nn.functional.hardtanh,
}


# --- Files ----------------------------------------------------------------------------------------------------


def load(path=None, form="masked"):
    """The network of a folder or of a .safetensors file that isosparse wrote; absent: the folder of this script.

    Raises ValueError for a file that is anything else, OSError if there is none.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    path = os.path.dirname(os.path.abspath(__file__)) if path is None else os.fspath(path)
    source = read_network(os.path.join(path, WEIGHTS) if os.path.isdir(path) else path)
    return MaskedNetwork(source) if form == "masked" else FastNetwork(source)


def save(model, path):
    """Writes the network with its weights as they are now, in one step, where isosparse and `load` read it.

    `model` is what `load` gave, or that wrapped in DataParallel or DistributedDataParallel.
    """
    model = getattr(model, "module", model)
    tensors = {}
    for module, layer in zip(model.layers, model.source["layers"]):
        held = {**layer.get("indices", {}), **module.tensors_of(layer)}
        tensors.update({f"{layer['name']}.{name}": value for name, value in held.items()})
    _, mean, deviation = model.source["input"]
    if mean is not None:
        tensors.update({"input.mean": mean.numpy(), "input.deviation": deviation.numpy()})
    write_safetensors(path, tensors, model.source["metadata"])


def read_network(path):
    """What a file says, checked: input scaling, layers with their numpy arrays, and what `save` has to repeat."""
    tensors, metadata = read_safetensors(path)
    if metadata.get("isosparse") != "1" or "network" not in metadata:
        raise ValueError(f"{path}: not a network file of isosparse, layout version 1")
    try:
        layers = []
        for described in json.loads(metadata["network"])["layers"]:
            layers.append(read_layer(described, tensors, layers))
        shape = layers[0]["input"]
        mean, deviation = read_scaling(tensors, size_of(shape))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path}: not a sound network: {error}") from error
    return {
        "layers": layers,
        "input": (shape, mean, deviation),
        "metadata": {key: metadata[key] for key in ("isosparse", "network")},
        "check": (tensors.get("check.inputs"), tensors.get("check.outputs")),
    }


def read_scaling(tensors, width):
    """Mean and deviation of the inputs as tensors, or None twice where the network takes standardised inputs."""
    if "input.mean" not in tensors:
        return None, None
    mean, deviation = tensors["input.mean"], tensors["input.deviation"]
    if not {mean.shape, deviation.shape} <= {(1,), (width,)} or (deviation == 0).any():
        raise ValueError(f"input.mean and input.deviation must be 1 or {width} numbers each, deviations not 0")
    return torch.from_numpy(mean.copy()), torch.from_numpy(deviation.copy())


INDICES = {
    "blocks": ("row_order", "column_order", "row_offsets", "column_offsets"),
    "edges": ("row_pointers", "column_indices"),
    "givens": ("pairs", "offsets"),
    "clifford": ("shifts", "signs"),
}


# Inputs that an edge layer may have whatever it connects: no array in a file is as long as it is wide.
MOST_LOOSE_COLUMNS = 2**24

# Numbers of an image, and of a side of it or of a kernel: no array in a file is as large as an image either.
MOST_NUMBERS = 2**24
MOST_SIDE = 2**16
MOST_KERNEL = 1024

KINDS = ("linear", "convolution", "averagePool", "flatten", "spaceToDepth", "pad", "maxMin", "batchNorm", "add")


def read_layer(described, tensors, before):
    """One layer: its description and its arrays, checked; `before`: the layers that come before it."""
    name, kind = described["name"], described["kind"]
    if kind not in KINDS or described.get("activation", "linear") not in ACTIVATIONS:
        raise ValueError(f"{name} is a {kind} layer with {described.get('activation')}: not known here")
    layer = {"name": name, "kind": kind, "activation": described.get("activation", "linear")}
    if kind in ("linear", "convolution"):
        layer.update(read_weights(described, tensors))
    if kind == "linear":
        layer["input"] = (layer["columns"], 1, 1)
    else:
        layer["input"] = image_of(name, described["input"])
        layer.update(read_geometry(described, layer, before))
    if kind == "batchNorm":
        layer.update(read_norm(described, tensors, layer))
    layer["output"] = output_of(layer)
    if kind != "linear" and size_of(layer["output"]) > MOST_NUMBERS:
        raise ValueError(f"{name} gives images of {layer['output']}, over the limit of {MOST_NUMBERS} numbers")
    if before and before[-1]["output"] != layer["input"]:
        raise ValueError(f"{name} does not take what {before[-1]['name']} gives")
    return layer


def read_weights(described, tensors):
    """The mask and the weights of a layer. Indices are followed without further checks from here on."""
    name, topology = described["name"], described["topology"]
    rows, columns, kind = topology["rows"], topology["columns"], topology["kind"]
    if not all(is_whole(size, 2**31 - 1) for size in (rows, columns)):
        raise ValueError(f"{name} is {rows!r} x {columns!r}: whole numbers from 1 to 2^31 - 1 are expected")
    taps = ()
    if described["kind"] == "convolution":
        taps = (whole(name, described, "kernelSize", MOST_KERNEL),) * 2
    weight, bias = tensors[f"{name}.{kind}.weight"], tensors[f"{name}.bias"]
    parts = [kind] + ([topology["construction"]] if topology.get("construction") else [])
    indices = {f"{part}.{key}": tensors[f"{name}.{part}.{key}"] for part in parts for key in INDICES[part]}
    layer = {key: indices[f"{kind}.{key}"].astype(np.int64) for key in INDICES[kind]}
    layer.update(topology=kind, rows=rows, columns=columns, taps=taps, weight=weight, bias=bias, indices=indices)
    numbers = weight.dtype == bias.dtype == np.float32 and all(i.dtype == np.int32 for i in indices.values())
    sound = numbers and bias.shape == (rows,) and is_sound(layer)
    if not (sound and weight.shape == (*support(layer)[0].shape, *taps)):
        raise ValueError(f"the arrays of {name} do not describe a layer of {rows} x {columns}")
    return layer


def read_geometry(described, layer, before):
    """What a layer other than a linear one does with images."""
    name, kind, (channels, height, width) = layer["name"], layer["kind"], layer["input"]
    if kind == "convolution":
        if channels != layer["columns"] or described["padding"] not in ("zeros", "circular"):
            raise ValueError(f"{name} is no convolution of {channels} channels with {described['padding']!r} around")
        stride = whole(name, described, "stride", MOST_KERNEL)
        dilation = whole(name, described, "dilation", MOST_SIDE)
        return {"stride": stride, "dilation": dilation, "circular": described["padding"] == "circular"}
    if kind == "averagePool":
        sides = height, width
        window = [whole(name, described["window"], key, side) for key, side in zip(("height", "width"), sides)]
        return {"window": tuple(window)}
    if kind == "spaceToDepth":
        side = whole(name, described, "side", MOST_SIDE)
        if height % side or width % side:
            raise ValueError(f"{name} has a side of {side}, which does not divide {height} x {width}")
        return {"side": side}
    if kind == "pad":
        size = [whole(name, described, key, MOST_SIDE) for key in ("height", "width")]
        if size[0] < height or size[1] < width:
            raise ValueError(f"{name} pads {height} x {width} pixels to {size[0]} x {size[1]}")
        return {"size": tuple(size)}
    if kind == "maxMin" and channels % 2:
        raise ValueError(f"{name} takes pairs of channels, and {channels} are odd in number")
    return read_shortcut(described, layer, before) if kind == "add" else {}


def read_shortcut(described, layer, before):
    """Which earlier layer an addition reads, and how far apart the pixels are that it takes."""
    places = [i for i, other in enumerate(before) if other["name"] == described["from"]]
    if not places:
        raise ValueError(f"{layer['name']} has a shortcut from {described['from']!r}, which is no earlier layer")
    (channels, height, width), (most, *size) = before[places[0]]["output"], layer["input"]
    step = height // size[0]
    if channels > most or [height, width] != [step * side for side in size]:
        raise ValueError(f"{layer['name']} has a shortcut from {described['from']!r}, which does not fit")
    return {"from": places[0], "step": step}


def read_norm(described, tensors, layer):
    """The numbers of batch normalization."""
    name, channels = layer["name"], layer["input"][0]
    numbers = {key: tensors[f"{name}.{key}"] for key in ("weight", "bias", "statistics")}
    shapes = {"weight": (channels,), "bias": (channels,), "statistics": (2, channels)}
    epsilon, momentum = described["epsilon"], described["momentum"]
    sound = all(value.dtype == np.float32 and value.shape == shapes[key] for key, value in numbers.items())
    rates = all(type(rate) in (int, float) for rate in (epsilon, momentum))
    if not (sound and rates and epsilon > 0 and 0 < momentum <= 1 and (numbers["statistics"][1] >= 0).all()):
        raise ValueError(f"the numbers of {name} do not normalize {channels} channels")
    return {**numbers, "epsilon": epsilon, "momentum": momentum}


def output_of(layer):
    """Channels, height and width of what a layer gives; vectors are images of one pixel."""
    kind, (channels, height, width) = layer["kind"], layer["input"]
    if kind == "linear":
        return layer["rows"], 1, 1
    if kind == "convolution":
        return layer["rows"], -(-height // layer["stride"]), -(-width // layer["stride"])
    if kind == "averagePool":
        return channels, height // layer["window"][0], width // layer["window"][1]
    if kind == "spaceToDepth":
        return channels * layer["side"] ** 2, height // layer["side"], width // layer["side"]
    if kind == "pad":
        return (channels, *layer["size"])
    return (channels * height * width, 1, 1) if kind == "flatten" else layer["input"]


def image_of(name, described):
    """Channels, height and width of a layer's input."""
    shape = tuple(
        whole(name, described, key, most)
        for key, most in (("channels", MOST_NUMBERS), ("height", MOST_SIDE), ("width", MOST_SIDE))
    )
    if size_of(shape) > MOST_NUMBERS:
        raise ValueError(f"{name} takes images of {shape}, over the limit of {MOST_NUMBERS} numbers")
    return shape


def whole(name, described, key, most):
    """A whole number from 1 to `most`."""
    if not is_whole(described[key], most):
        raise ValueError(f"{key} of {name} is {described[key]!r}: a whole number from 1 to {most} is expected")
    return described[key]


def is_whole(value, most):
    return type(value) is int and 1 <= value <= most


def size_of(shape):
    channels, height, width = shape
    return channels * height * width


def is_vector(shape):
    return shape[1:] == (1, 1)


def is_sound(layer):
    """Whether blocks cover every row and column once, or edges lie within the layer, ascending in each row."""
    rows, columns = layer["rows"], layer["columns"]
    if layer["topology"] == "blocks":
        for side, size in (("row", rows), ("column", columns)):
            order, offsets = layer[f"{side}_order"], layer[f"{side}_offsets"]
            if len(order) != size or not np.array_equal(np.sort(order), np.arange(size)):
                return False
            if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != size or (np.diff(offsets) <= 0).any():
                return False
        return len(layer["row_offsets"]) == len(layer["column_offsets"])
    pointers, indices = layer["row_pointers"], layer["column_indices"]
    if len(pointers) != rows + 1 or pointers[0] != 0 or pointers[-1] != len(indices) or (np.diff(pointers) < 0).any():
        return False
    if columns > max(MOST_LOOSE_COLUMNS, rows + len(indices)):
        return False
    places = np.repeat(np.arange(rows), np.diff(pointers)) * columns + indices
    return bool(((indices >= 0) & (indices < columns)).all() and (np.diff(places) > 0).all())


def group_sizes(layer):
    """[(groups, rows, columns)] of runs of groups of one size, in order."""
    runs = []
    for size in zip(np.diff(layer["row_offsets"]).tolist(), np.diff(layer["column_offsets"]).tolist()):
        if runs and runs[-1][1:] == size:
            runs[-1] = (runs[-1][0] + 1, *size)
        else:
            runs.append((1, *size))
    return runs


def support(layer):
    """Row and column of each weight, in the order of the file."""
    if layer["topology"] == "edges":
        return np.repeat(np.arange(layer["rows"]), np.diff(layer["row_pointers"])), layer["column_indices"]
    rows = np.split(layer["row_order"], layer["row_offsets"][1:-1])
    columns = np.split(layer["column_order"], layer["column_offsets"][1:-1])
    return (
        np.concatenate([np.repeat(r, len(c)) for r, c in zip(rows, columns)]),
        np.concatenate([np.tile(c, len(r)) for r, c in zip(rows, columns)]),
    )


# The safetensors format: 8 bytes of header length, a JSON header, then the numbers
# (github.com/huggingface/safetensors, "Format").

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U32": "<u4", "U8": "u1", "BOOL": "?"}
MOST_HEADER_BYTES = 100_000_000


def read_safetensors(path):
    """Tensors as numpy arrays by name, and the metadata. Raises ValueError unless every rule of the format holds."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER_BYTES, size - 8):
            raise ValueError(f"{path}: truncated, or not a safetensors file")
        header = file.read(length)
        data = file.read()
    try:
        entries = json.loads(header.decode("utf-8"), object_pairs_hook=unique_names)
        metadata = entries.pop("__metadata__", {})
        return parse_tensors(entries, data), dict(metadata)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a sound safetensors file: {error}") from error


def parse_tensors(entries, data):
    tensors, covered = {}, 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        if entry["dtype"] not in DTYPES or any(type(side) is not int or side < 0 for side in entry["shape"]):
            raise ValueError(f"{name} is {entry['dtype']} {entry['shape']}, which is not known here")
        dtype, count = np.dtype(DTYPES[entry["dtype"]]), 1
        for side in entry["shape"]:
            count *= side
        if begin != covered or end - begin != count * dtype.itemsize or end > len(data):
            raise ValueError(f"bytes {begin} to {end} of {name} leave a hole, overlap or do not fit its shape")
        tensors[name] = np.frombuffer(data, dtype, count, begin).reshape(entry["shape"])
        covered = end
    if covered != len(data):
        raise ValueError(f"{len(data) - covered} bytes after the last tensor belong to none")
    return tensors


def unique_names(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a safetensors header names something twice")
    return dict(pairs)


def write_safetensors(path, tensors, metadata):
    """Replaces the file at `path` in one step, larger element types first, as the reference writer does."""
    names = {np.dtype(numpy): name for name, numpy in DTYPES.items()}
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, names[item[1].dtype], item[0]))
    header, offset = {"__metadata__": metadata}, 0
    for name, value in ordered:
        offsets = [offset, offset + value.nbytes]
        header[name] = {"dtype": names[value.dtype], "shape": list(value.shape), "data_offsets": offsets}
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    path = os.path.realpath(path)  # a link keeps pointing where it did
    folder, name = os.path.split(path)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for _, value in ordered:
                file.write(np.ascontiguousarray(value).tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())  # as any new file; mkstemp's is the owner's alone
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


# --- python model.py ------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="Says what network is here; with --check, tests it on this machine.")
    parser.add_argument("path", nargs="?", help="folder or .safetensors file; default: the folder of this script")
    parser.add_argument("--check", action="store_true", help="test both forms; ends with 1 if something is wrong")
    parser.add_argument("--device", default="cpu", help="where to test, e.g. cuda (default cpu)")
    options = parser.parse_args()
    try:
        source = load(options.path).source
    except (OSError, ValueError) as error:
        print(f"cannot load the network: {error}", file=sys.stderr)
        return 2
    describe(source)
    if not options.check:
        return 0
    try:
        torch.zeros(1, device=options.device)
    except (AssertionError, RuntimeError) as error:
        print(f"cannot test on {options.device}: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0 if check(source, torch.device(options.device)) else 1


def describe(source):
    layers = source["layers"]
    weighted = [layer for layer in layers if "rows" in layer]
    held = sum(layer["weight"].size + layer["bias"].size for layer in layers if "weight" in layer)
    missing = sum(
        (layer["rows"] * layer["columns"] - len(layer["weight"])) * int(np.prod(layer["taps"])) for layer in weighted
    )
    edges = sum(layer["topology"] == "edges" for layer in weighted)
    scaled = "raw inputs, standardised here" if source["input"][1] is not None else "standardised inputs"
    inputs, outputs = words(layers[0]["input"], "inputs"), words(layers[-1]["output"], "outputs")
    print(f"{len(layers)} layers, {inputs} to {outputs}; takes {scaled}")
    print(f"{held:,} parameters; dense it would be {held + missing:,}")
    if edges:
        print(f"{edges} layers have irregular masks and are multiplied as dense ones in both forms")


def words(shape, what):
    return f"{shape[0]} {what}" if is_vector(shape) else f"images {' x '.join(map(str, shape))}"


def check(source, device):
    """Whether all holds here that the first comment of this file says; prints a line for each."""
    models = {"masked": MaskedNetwork(source).to(device), "fast": FastNetwork(source).to(device)}
    inputs, expected = source["check"]
    known = inputs is not None
    if not known:  # `save` wrote the file, with new weights: only one form can be held against the other
        inputs = np.cos(np.arange(4 * size_of(source["input"][0]), dtype=np.float32)).reshape(4, -1)
    x = torch.from_numpy(inputs.copy()).to(device)
    with torch.no_grad():
        outputs = {form: array(model.eval()(x)) for form, model in models.items()}
    worst = [report_difference("fast and masked outputs", outputs["fast"], outputs["masked"])]
    if known:
        worst += [report_difference(f"{form} outputs and isosparse's", outputs[form], expected) for form in FORMS]
    for form, model in models.items():
        worst.append(report(f"{form}: pruned weights stay zero, others learn", learns_sparsely(model.train(), x)))
        worst.append(report(f"{form}: saving and loading changes nothing", round_trips(model, device)))
    return all(worst)


def report(what, holds):
    print(f"{'ok  ' if holds else 'FAIL'} {what}")
    return holds


def report_difference(what, ours, theirs):
    error = float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30))
    return report(f"{what} agree: largest difference {error:.1e} of the largest output", error < 1e-4)


def learns_sparsely(model, x):
    """A few steps of optimizers that decay weights and remember: zeros off the mask, changes on it."""
    makers = (
        lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.1),
    )
    before = [value.detach().clone() for value in model.parameters()]
    for make in makers:
        optimizer = make(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    moved = any(not torch.equal(old, new) for old, new in zip(before, model.parameters()))
    masked = [layer for layer in model.layers if isinstance(layer, MaskedWeights)]
    kept = all((layer.weight[layer.mask == 0] == 0).all() for layer in masked)
    silent = all((layer.weight.grad[layer.mask == 0] == 0).all() for layer in masked)
    return bool(moved and kept and silent)


def round_trips(model, device):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, WEIGHTS)
        save(model, path)
        again = load(path, model.form).to(device)
    pairs = zip(model.state_dict().items(), again.state_dict().items())
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


if __name__ == "__main__":
    sys.exit(main())
