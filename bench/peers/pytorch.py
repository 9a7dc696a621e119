"""Networks in PyTorch, trained or run on request.

Greets with a line of JSON, then answers each line of JSON with one:
{"do": "build", "name", "kind", "dims", "degree", "batch", "loss", "weights"}, loss "crossEntropy" or
"meanSquaredError", weights "orthogonal" (the default, which deep networks need) or "normal" (quick to make);
{"do": "build", "name", "kind", "channels", "layers", "side", "groups", "batch"}: convolutions.py says what;
{"do": "train" | "infer", "name", "count", "threads", "blasThreads"}: the milliseconds of so many;
{"do": "drop", "name"}; {"do": "memory"}: the growth of resident bytes, at their peak, since the import of torch.

Kinds: "masked", weight * mask then F.linear, as published implementations of sparse training do; "dense", no mask;
"grouped", the blocks alone by batched products on [features, batch], with the shuffle of units between layers: the
same sparse network in stock operators, in the fastest form that we found; "csr" and "coo", torch.sparse with its own
backward pass on [features, batch].
"""

import ctypes
import json
import sys
import time
import warnings

import torch
from torch.nn import Parameter

from convolutions import CONVOLUTIONS, convolution_model

warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
MOMENTUM = 0.9
LEARNING_RATE = 1e-6


def blas():
    with open("/proc/self/maps") as maps:
        for line in maps:
            if "openblas" in line:
                return ctypes.CDLL(line.split()[-1])
    return None


def blas_name(openblas):
    """Version and what it was built for, such as "OpenBLAS 0.3.21 DYNAMIC_ARCH Zen"; None where there is none."""
    if openblas is None:
        return None
    openblas.openblas_get_config.restype = ctypes.c_char_p
    words = openblas.openblas_get_config().decode().split()
    return " ".join(word for word in words if not word.startswith(("NO_", "MAX_")))


def resident_peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def forget_resident_peak():
    """From here on the peak is of what comes after: Linux's proc(5), clear_refs."""
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")


def group_indices(rows, columns, groups):
    """Row and column indices of each group: rows dealt, columns contiguous."""
    row_group = torch.arange(rows) % groups
    column_group = torch.arange(columns) * groups // columns
    return [(torch.where(row_group == q)[0], torch.where(column_group == q)[0]) for q in range(groups)]


def groups_of(columns, rows, degree):
    """As many groups as `degree` weights a unit of the shorter side ask for; one where they do not divide the rows."""
    groups = max(1, min(columns, rows) // degree)
    return groups if rows % groups == 0 else 1


def block(rows, columns, weights):
    """A dense block that keeps activations at a normal scale: through any depth, or through a few layers."""
    empty = torch.empty(rows, columns)
    return torch.nn.init.orthogonal_(empty) if weights == "orthogonal" else empty.normal_(0, columns**-0.5)


def blocks_in_place(rows, columns, groups, weights):
    """A weight and its mask."""
    weight = torch.zeros(rows, columns)
    mask = torch.zeros(rows, columns)
    for r, c in group_indices(rows, columns, groups):
        weight[r[:, None], c[None, :]] = block(len(r), len(c), weights)
        mask[r[:, None], c[None, :]] = 1
    return weight, mask


def layer_shapes(dims, degree):
    return [(n, m, groups_of(n, m, degree)) for n, m in zip(dims[:-1], dims[1:])]


def linear_model(dims, degree, weights_kind, masked):
    weights, masks, biases = [], [], []
    for n, m, groups in layer_shapes(dims, degree):
        weight, mask = blocks_in_place(m, n, groups, weights_kind)
        weights.append(Parameter(weight))
        masks.append(mask)
        biases.append(Parameter(torch.zeros(m)))

    def forward(x):
        last = len(weights) - 1
        for i, (weight, mask, bias) in enumerate(zip(weights, masks, biases)):
            x = torch.nn.functional.linear(x, weight * mask if masked else weight, bias)
            if i < last:
                x = torch.tanh(x)
        return x

    return weights + biases, forward


def grouped_model(dims, degree, weights_kind):
    padding = -dims[0] % layer_shapes(dims, degree)[0][2]
    shapes = layer_shapes([dims[0] + padding] + dims[1:], degree)
    blocks = [
        Parameter(torch.stack([block(m // groups, n // groups, weights_kind) for _ in range(groups)]))
        for n, m, groups in shapes
    ]
    biases = [Parameter(torch.zeros(groups, m // groups, 1)) for _, m, groups in shapes]

    def forward(x):
        last = len(blocks) - 1
        h = torch.nn.functional.pad(x, (0, padding)).t()
        for i, (weight, bias) in enumerate(zip(blocks, biases)):
            h = h.reshape(weight.shape[0], weight.shape[2], -1)
            h = torch.baddbmm(bias, weight, h) if weight.shape[0] > 1 else torch.addmm(bias[0], weight[0], h[0])[None]
            h = (torch.tanh(h) if i < last else h).transpose(0, 1)
        return h.reshape(dims[-1], -1).t()

    return blocks + biases, forward


def sparse_model(dims, degree, weights_kind, layout):
    """Values that are leaves of no graph: torch.sparse's gradients are sparse tensors of the same pattern."""
    weights, biases = [], []
    for n, m, groups in layer_shapes(dims, degree):
        weight, _ = blocks_in_place(m, n, groups, weights_kind)
        sparse = weight.to_sparse_csr() if layout == "csr" else weight.to_sparse().coalesce()
        weights.append(sparse.requires_grad_())
        biases.append(Parameter(torch.zeros(m, 1)))

    def forward(x):
        last = len(weights) - 1
        h = x.t()
        for i, (weight, bias) in enumerate(zip(weights, biases)):
            h = torch.sparse.mm(weight, h) + bias
            if i < last:
                h = torch.tanh(h)
        return h.t()

    return weights, biases, forward


class SparseSgd:
    """SGD with momentum on the values of sparse weights, which torch.optim.SGD cannot do."""

    def __init__(self, weights):
        self.weights = weights
        self.momentum = [torch.zeros_like(self.values(weight)) for weight in weights]

    @staticmethod
    def values(tensor):
        tensor = tensor.detach()
        return tensor.values() if tensor.layout == torch.sparse_csr else tensor._values()

    def zero_grad(self, set_to_none):
        for weight in self.weights:
            weight.grad = None

    def step(self):
        with torch.no_grad():
            for weight, momentum in zip(self.weights, self.momentum):
                momentum.mul_(MOMENTUM).add_(self.values(weight.grad))
                self.values(weight).add_(momentum, alpha=-LEARNING_RATE)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)


def build(kind, dims, degree, batch, loss, weights="orthogonal"):
    if kind in ("csr", "coo"):
        matrices, biases, forward = sparse_model(dims, degree, weights, kind)
        optimizers = [SparseSgd(matrices), sgd(biases)]
    elif kind == "grouped":
        parameters, forward = grouped_model(dims, degree, weights)
        optimizers = [sgd(parameters)]
    else:
        parameters, forward = linear_model(dims, degree, weights, kind == "masked")
        optimizers = [sgd(parameters)]
    x = torch.randn(batch, dims[0])
    if loss == "crossEntropy":
        return work(optimizers, forward, x, torch.randint(0, dims[-1], (batch,)), torch.nn.functional.cross_entropy)
    return work(optimizers, forward, x, torch.randn(batch, dims[-1]), torch.nn.functional.mse_loss)


def build_convolutions(kind, channels, layers, side, groups, batch):
    parameters, forward = convolution_model(kind, channels, layers, groups)
    x = torch.randn(batch, channels, side, side)
    y = torch.randint(0, channels, (batch,))
    return work([sgd(parameters)], forward, x, y, torch.nn.functional.cross_entropy)


def work(optimizers, forward, x, y, criterion):
    """A step and a run, to be called again and again."""

    def train():
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        criterion(forward(x), y).backward()
        for optimizer in optimizers:
            optimizer.step()

    def infer():
        with torch.inference_mode():
            forward(x)

    return {"train": train, "infer": infer}


class Server:
    def __init__(self):
        self.openblas = blas()
        self.networks = {}
        forget_resident_peak()
        self.baseline = resident_peak()

    def build(self, name, **network):
        make = build_convolutions if network["kind"] in CONVOLUTIONS else build
        self.networks[name] = make(**network)
        return {}

    def drop(self, name):
        del self.networks[name]
        return {}

    def memory(self):
        return {"bytes": resident_peak() - self.baseline}

    def train(self, **request):
        return self.timed("train", **request)

    def infer(self, **request):
        return self.timed("infer", **request)

    def timed(self, what, name, count, threads, blasThreads):
        torch.set_num_threads(threads)
        if self.openblas:
            self.openblas.openblas_set_num_threads(blasThreads)
        work = self.networks[name][what]
        start = time.perf_counter()
        for _ in range(count):
            work()
        return {"ms": 1000 * (time.perf_counter() - start)}


def main():
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    server = Server()
    print(json.dumps({"version": torch.__version__, "blas": blas_name(server.openblas)}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(server, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
        print(json.dumps(answer), flush=True)


main()
