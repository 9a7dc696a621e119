"""An exported network in PyTorch, both forms, on request: pytorch.py FOLDER WIDTH THREADS.

Greets with a line of JSON, then answers each line of JSON with one:
{"do": "inputs", "path"}: samples for what follows, float32, a row of WIDTH each;
{"do": "time", "form", "times"}: the milliseconds of so many forward passes without gradients;
{"do": "predict", "form", "path"}: writes the outputs, float32, to the path.
"""

import importlib.util
import json
import os
import sys
import time

import numpy
import torch


def main(folder, width, threads):
    torch.set_num_threads(threads)
    python = import_file(os.path.join(folder, "model.py"))
    models, load_ms = {}, {}
    for form in python.FORMS:
        start = time.perf_counter()
        models[form] = python.load(folder, form=form).eval()
        load_ms[form] = 1000 * (time.perf_counter() - start)
    say({"version": torch.__version__, "loadMs": load_ms})
    x = None
    with torch.no_grad():
        for line in sys.stdin:
            request = json.loads(line)
            if request["do"] == "inputs":
                x = torch.from_numpy(numpy.fromfile(request["path"], numpy.float32).reshape(-1, width))
                say({})
            elif request["do"] == "time":
                model = models[request["form"]]
                start = time.perf_counter()
                for _ in range(request["times"]):
                    model(x)
                say({"ms": 1000 * (time.perf_counter() - start)})
            else:
                models[request["form"]](x).numpy().tofile(request["path"])
                say({})


def say(answer):
    print(json.dumps(answer), flush=True)


def import_file(path):
    spec = importlib.util.spec_from_file_location("model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
