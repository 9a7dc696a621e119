"""Does in PyTorch what the tests beside this file ask for as JSON on stdin, and answers with JSON on stdout.

"train": [{folder, form, batches, rate, momentum, decay, save}]: SGD on `batches` (safetensors: inputs, labels) in
order; answers losses, outputs on the first batch before and after, and whether pruned weights are exactly zero.
"dense": {folder, file}: loads a dense state dict into the masked form; answers its outputs on check.inputs.
"images": [{folder, dense, save}]: both forms of a network of any layers on check.inputs; answers outputs by running
statistics and by the batch's own, and those after a step of SGD and saving to `save` + form; and of the dense state dict.
"hostile": {folder, count}: damages a file in `count` ways; answers the errors that are not ValueError.
"scripts": [[path, argument, …]]: runs the main() of Python files; answers what each returned and printed.
"""

import contextlib
import importlib.util
import io
import itertools
import json
import os
import random
import sys
import tempfile

import torch

torch.set_num_threads(1)


def module_of(folder, file="model.py"):
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def train(task):
    python = module_of(task["folder"])
    model = python.load(task["folder"], form=task["form"])
    data, _ = python.read_safetensors(task["batches"])
    inputs, labels = torch.from_numpy(data["inputs"].copy()), torch.from_numpy(data["labels"].copy()).long()
    weights = [value for name, value in model.named_parameters() if not name.endswith("bias")]
    biases = [value for name, value in model.named_parameters() if name.endswith("bias")]
    groups = [{"params": weights, "weight_decay": task["decay"]}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=task["rate"], momentum=task["momentum"])
    before, losses = model.eval()(inputs[0]).tolist(), []
    model.train()
    for x, y in zip(inputs, labels):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    masked = [layer for layer in model.layers if isinstance(layer, python.MaskedWeights)]
    zero = all((layer.weight[layer.mask == 0] == 0).all().item() for layer in masked)
    python.save(model, task["save"])
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    return {"losses": losses, "before": before, "after": model(inputs[0]).tolist(), "zero": zero, "shapes": shapes}


def dense(task):
    python = module_of(task["folder"])
    model = python.load(task["folder"], form="masked")
    inputs, expected = model.source["check"]
    state, metadata = python.read_safetensors(task["file"])
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
    outputs = model(torch.from_numpy(inputs.copy())).tolist()
    types = sorted({str(value.dtype) for value in state.values()})
    return {"outputs": outputs, "expected": expected.tolist(), "metadata": metadata, "types": types}


def images(task):
    python = module_of(task["folder"])
    state, _ = python.read_safetensors(task["dense"])
    answer = {}
    for form in python.FORMS:
        model = python.load(task["folder"], form=form)
        x = torch.from_numpy(model.source["check"][0].copy())
        outputs = model.eval()(x)
        trained = model.train()(x)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=0.1)
        optimizer.zero_grad()
        trained.square().mean().backward()
        optimizer.step()
        masked = [layer for layer in model.layers if isinstance(layer, python.MaskedWeights)]
        python.save(model, task["save"] + form)
        answer[form] = {
            "outputs": outputs.flatten().tolist(),
            "training": trained.flatten().tolist(),
            "after": model.eval()(x).flatten().tolist(),
            "zero": all((layer.weight[layer.mask == 0] == 0).all().item() for layer in masked),
        }
    model = python.load(task["folder"], form="masked").eval()
    for tensor in model.state_dict().values():
        tensor.zero_()
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
    answer["dense"] = model(x).flatten().tolist()
    return answer


def hostile(task):
    python = module_of(task["folder"])
    with open(os.path.join(task["folder"], "model.safetensors"), "rb") as file:
        sound = file.read()
    header, draw, unexpected, refused = 8 + int.from_bytes(sound[:8], "little"), random.Random(1), [], 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        for _ in range(task["count"]):
            damaged = bytearray(sound)
            for _ in range(draw.choice((1, 1, 2, 5))):
                place = draw.randrange(draw.choice((8, header, len(sound))))
                damaged[place] = draw.choice((draw.randrange(256), 48 + draw.randrange(10)))
            damaged = damaged[: draw.randrange(len(sound))] if draw.random() < 0.2 else damaged
            with open(path, "wb") as file:
                file.write(damaged)
            try:
                python.load(folder, form=draw.choice(python.FORMS))
            except ValueError:
                refused += 1
            except Exception as error:
                unexpected.append(repr(error))
        sizes = (16.0, True, "16", None, -1, 0, 2**24 + 1, 2**31 - 1)
        layers = python.load(task["folder"]).source["layers"]
        for (layer, read), place, size in itertools.product(enumerate(layers), range(2), sizes):
            side = (("rows", "columns") if "rows" in read else ("channels", "height"))[place]
            with open(path, "wb") as file:
                file.write(with_size(sound, layer, side, size))
            try:
                python.load(folder, form=draw.choice(python.FORMS))
                unexpected.append(f"layer {layer} of {size!r} {side} was loaded")
            except ValueError:
                refused += 1
            except Exception as error:
                unexpected.append(repr(error))
    return {"refused": refused, "unexpected": unexpected}


def with_size(sound, layer, side, size):
    """The file with one layer said to be of another size."""
    end = 8 + int.from_bytes(sound[:8], "little")
    header = json.loads(sound[8:end])
    network = json.loads(header["__metadata__"]["network"])
    described = network["layers"][layer]
    described["topology" if "topology" in described else "input"][side] = size
    header["__metadata__"]["network"] = json.dumps(network)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + sound[end:]


def script(arguments):
    printed, sys.argv = io.StringIO(), arguments
    with contextlib.redirect_stdout(printed):
        returned = module_of("", arguments[0]).main()
    return {"returned": returned, "printed": printed.getvalue()}


request = json.load(sys.stdin)
answer = {"train": [train(task) for task in request.get("train", [])]}
answer["images"] = [images(task) for task in request.get("images", [])]
answer["dense"] = dense(request["dense"]) if "dense" in request else None
answer["hostile"] = hostile(request["hostile"])
answer["scripts"] = [script(arguments) for arguments in request["scripts"]]
json.dump(answer, sys.stdout)
