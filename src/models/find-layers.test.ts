import { describe, expect, it } from "vitest";
import { definitionOrder, findLayers } from "./find-layers.ts";
import type { ModelTensor } from "./model.ts";

const tensor = (name: string, shape: number[], dtype: ModelTensor["dtype"] = "F32"): ModelTensor => ({
  name,
  shape,
  dtype,
});

describe("findLayers", () => {
  it("finds linear layers and convolutions, and says why others are none", () => {
    const { layers, others } = findLayers([
      tensor("conv1.weight", [16, 3, 7, 7]),
      tensor("bn1.weight", [16]),
      tensor("bn1.running_mean", [16]),
      tensor("audio.weight", [32, 16, 5]),
      tensor("fc.weight", [10, 32], "BF16"),
      tensor("fc.bias", [10], "BF16"),
      tensor("tok.embed_tokens.weight", [1000, 64]),
      tensor("wte.weight", [1000, 64]),
      tensor("attn.in_proj_weight", [192, 64]),
      tensor("pos", [1, 64]),
      tensor("q.weight", [64, 64], "I8"),
      tensor("table.weight", [64, 64, 500]),
      tensor("empty.weight", [0, 64]),
    ]);
    expect(
      layers.map(({ name, kind, rows, columns, kernel }) => [name, kind, rows, columns, kernel]),
    ).toEqual([
      ["conv1", "convolution", 16, 3, [7, 7]],
      ["audio", "convolution", 32, 16, [5]],
      ["fc", "linear", 10, 32, []],
    ]);
    expect(Object.fromEntries(others.map(({ tensor: { name }, reason }) => [name, reason]))).toEqual({
      "tok.embed_tokens.weight": "an embedding, by its name",
      "wte.weight": "an embedding, by its name",
      "attn.in_proj_weight": "several matrices in one, or a recurrent one",
      pos: "not called weight",
      "q.weight": "I8 numbers, which are not weights as such",
      "table.weight": "kernel sides above 64: not a convolution",
      "empty.weight": "no elements",
    });
  });

  it("takes a BOOL mask beside weights of its shape as theirs, and no other", () => {
    const { layers, others } = findLayers([
      tensor("a.weight", [8, 4]),
      tensor("a.mask", [8, 4], "BOOL"),
      tensor("b.weight", [8, 4]),
      tensor("b.mask", [4, 8], "BOOL"),
      tensor("causal.mask", [8, 8], "BOOL"),
    ]);
    expect(layers.map(({ booleanMask }) => booleanMask?.name)).toEqual(["a.mask", undefined]);
    expect(others.map((other) => other.tensor.name)).toEqual(["b.mask", "causal.mask"]);
  });

  it("keeps the order of a file that was not sorted, and orders by number where it was", () => {
    const names = (tensors: ModelTensor[]) =>
      findLayers(definitionOrder(tensors)).layers.map(({ name }) => name);
    const defined = [
      tensor("stem.weight", [8, 8]),
      tensor("body.10.weight", [8, 8]),
      tensor("body.2.weight", [8, 8]),
    ];
    expect(names(defined)).toEqual(["stem", "body.10", "body.2"]);
    const sorted = [
      tensor("body.10.weight", [8, 8]),
      tensor("body.2.weight", [8, 8]),
      tensor("head.weight", [8, 8]),
    ];
    expect(names(sorted)).toEqual(["body.2", "body.10", "head"]);
  });

  it("takes groups from the caller, guesses depthwise, and asks about the rest", () => {
    const tensors = [
      tensor("stem.weight", [32, 3, 3, 3]),
      tensor("depth.weight", [32, 1, 3, 3]),
      tensor("grouped.weight", [64, 8, 3, 3]),
    ];
    const guessed = findLayers(tensors);
    expect(guessed.layers.map(({ groups, columns }) => [groups, columns])).toEqual([
      [1, 3],
      [32, 32],
      [1, 8],
    ]);
    expect(guessed.assumptions.join("\n")).toMatch(
      /"depth.weight".*depthwise, 32 groups[\s\S]*--conv-groups 'grouped=4'/,
    );
    // After a layer that is not the one it follows, or that was not found: a shortcut, a transposed convolution.
    const branched = [tensor("shortcut.weight", [32, 8, 1, 1]), tensor("depth.weight", [16, 1, 3, 3])];
    const { layers, assumptions } = findLayers(branched);
    expect(layers[1]).toMatchObject({ groups: 16, columns: 16 });
    expect(assumptions.join()).toMatch(/"depth.weight".*depthwise, 16 groups.*--conv-groups 'depth=1'/);
    const grey = findLayers(branched, (name) => (name === "depth" ? 1 : undefined));
    expect(grey.layers[1]).toMatchObject({ groups: 1, columns: 1 });
    const told = findLayers(tensors, (name) => (name === "grouped" ? 4 : undefined));
    expect(told.layers[2]).toMatchObject({ groups: 4, columns: 32 });
    expect(() => findLayers(tensors, () => 5)).toThrow("32 output channels, which 5 groups do not divide");
    // A grey image, not a depthwise convolution: nothing comes before it.
    expect(findLayers([tensor("first.weight", [8, 1, 3, 3])]).layers[0]).toMatchObject({
      groups: 1,
      columns: 1,
    });
  });

  it("joins the mask of torch.nn.utils.prune", () => {
    const { layers } = findLayers([tensor("fc.weight_orig", [4, 4]), tensor("fc.weight_mask", [4, 4])]);
    expect(layers).toHaveLength(1);
    expect(layers[0]).toMatchObject({ name: "fc", mask: { name: "fc.weight_mask" } });
  });
});
