import { expect, it } from "vitest";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "../formats/onnx/model.ts";
import { onnxPlaces } from "./onnx-places.ts";

const node = (
  opType: string,
  inputs: string[],
  output: string,
  attributes: Record<string, OnnxAttribute> = {},
): OnnxNode => ({
  name: "",
  opType,
  domain: "",
  inputs,
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
  otherAttributes: [],
  hasSubgraph: false,
});
const kernel = (side: number, more: Record<string, OnnxAttribute> = {}) => ({
  kernel_shape: [side, side],
  ...more,
});

it("follows sizes through strides, padding, dilation, pooling and branches", () => {
  const nodes = [
    node("Conv", ["x", "w"], "a", kernel(7, { strides: [2, 2], pads: [3, 3, 3, 3] })),
    node("Relu", ["a"], "b"),
    node("MaxPool", ["b"], "c", kernel(3, { strides: [2, 2], pads: [1, 1, 1, 1] })),
    node("Conv", ["c", "w"], "d", kernel(3, { dilations: [2, 2] })),
    node("Conv", ["c", "w"], "e", kernel(1, { strides: [2, 2] })),
    node("Conv", ["c", "w"], "f", kernel(4, { auto_pad: "SAME_UPPER", strides: [3, 3] })),
    node("Resize", ["f"], "g"),
    node("Conv", ["g", "w"], "h", kernel(3)),
    node("GlobalAveragePool", ["d"], "i"),
    node("Conv", ["i", "w"], "j", kernel(1)),
    node("Conv", ["i", "w"], "k", kernel(3)),
  ];
  // torch: 224 -> 112 -> 56; 56 - 4; 28; ceil(56 / 3); a resize is not followed; 1; a kernel larger than its input.
  const places = onnxPlaces({ nodes, inputs: [{ name: "x", shape: ["batch", 3, 224, 224] }] });
  expect(Object.fromEntries(places)).toEqual({ a: 112 ** 2, d: 52 ** 2, e: 28 ** 2, f: 19 ** 2, j: 1 });
  // A Conv may leave its kernel's size to its weights.
  const bare = [node("Conv", ["x", "w"], "a", { strides: [2, 2], pads: [3, 3, 3, 3] })];
  const tensors = new Map([["w", { shape: [64, 3, 7, 7] } as unknown as OnnxTensor]]);
  const inputs = [{ name: "x", shape: [1, 3, 224, 224] }];
  expect(onnxPlaces({ nodes: bare, inputs, tensors }).get("a")).toBe(112 ** 2);
  expect(onnxPlaces({ nodes, inputs: [{ name: "x", shape: [1, 3, "height", "width"] }] }).size).toBe(0);
  // Channels in another order keep the size; more pixels beside one another do not.
  const moved = [
    node("Gather", ["x", "order"], "a", { axis: 1 }),
    node("Conv", ["a", "w"], "b", kernel(1)),
    node("Concat", ["b", "b"], "c", { axis: 2 }),
    node("Conv", ["c", "w"], "d", kernel(1)),
  ];
  const order = new Map([["order", { shape: [3] } as unknown as OnnxTensor]]);
  expect([...onnxPlaces({ nodes: moved, inputs, tensors: order })]).toEqual([["b", 224 ** 2]]);
});
