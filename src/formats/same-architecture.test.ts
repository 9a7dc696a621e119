import { describe, expect, it } from "vitest";
import { everyKindNetwork } from "../../test/random-convolution-network.ts";
import { networkOf } from "../../test/random-network.ts";
import { FormatError } from "../errors.ts";
import type { AnyNetwork, Layer, LinearLayer, Network } from "../network/network.ts";
import type { BlockTopology, EdgeTopology, Topology } from "../topology/topology.ts";
import { assertSameArchitecture } from "./same-architecture.ts";

describe("assertSameArchitecture", () => {
  const original = networkOf("blocks");
  const [layer, ...rest] = original.layers;
  const topology = layer.topology as BlockTopology;
  const withLayer = (change: Partial<LinearLayer>): Network => ({
    ...original,
    layers: [{ ...layer, ...change }, ...rest],
  });
  const withTopology = (change: Partial<BlockTopology>) =>
    withLayer({ topology: { ...topology, ...change } });

  it("accepts other weights and another provenance", () => {
    const weights = layer.weights.map((w) => w + 1);
    const other = { ...withLayer({ weights }), provenance: { seed: 99, start: "none" as const } };
    expect(() => assertSameArchitecture(original, other, "x")).not.toThrow();
  });

  it("names the first difference", () => {
    const swapped = topology.rowOrder.slice().reverse();
    for (const [other, message] of [
      [{ ...original, layers: [layer, ...rest, layer] }, /it has \d layers where \d are expected/],
      [withLayer({ name: "other" }), /layer 0 \("other"\) is called "other" where "layers.0" is expected/],
      [withTopology({ rows: 77 }), /has outputs 77 where/],
      [withTopology({ columns: 78 }), /has inputs 78 where/],
      [withLayer({ activation: layer.activation === "relu" ? "tanh" : "relu" }), /has activation/],
      [withTopology({ name: "dense" }), /has topology dense where sao is expected/],
      [withTopology({ rowOffsets: Int32Array.of(0, topology.rows) }), /has other groups of rows/],
      [withTopology({ rowOrder: swapped }), /has other order of rows; use the settings and seed/],
    ] as const) {
      expect(() => assertSameArchitecture(original, other, "run/a.safetensors")).toThrow(FormatError);
      expect(() => assertSameArchitecture(original, other, "run/a.safetensors")).toThrow(message);
      expect(() => assertSameArchitecture(original, other, "x")).toThrow(/^x holds another network: /);
    }
  });

  it("looks at what each kind of layer has", () => {
    const network = everyKindNetwork(3);
    const change = (kind: Layer["kind"], fields: object): AnyNetwork => {
      const at = network.layers.findIndex((layer) => layer.kind === kind);
      return { ...network, layers: network.layers.map((l, i) => (i === at ? { ...l, ...fields } : l)) };
    };
    const learned = change("batchNorm", { statistics: new Float32Array(8), weights: new Float32Array(4) });
    const remade = change("convolution", { initializer: "eco", asked: { degree: 7 } });
    for (const other of [learned, remade]) {
      expect(() => assertSameArchitecture(network, other, "x")).not.toThrow();
    }
    for (const [other, message] of [
      [change("convolution", { kernelSize: 9 }), /has kernel size 9 where \d is expected/],
      [change("convolution", { stride: 9 }), /has stride 9 where/],
      [change("convolution", { dilation: 9 }), /has dilation 9 where/],
      [change("averagePool", { window: { height: 7, width: 6 } }), /has window 7 x 6 where/],
      [change("pad", { height: 50 }), /has height 50 where/],
      [change("spaceToDepth", { side: 9 }), /has side 9 where/],
      [change("maxMin", { input: { channels: 2, height: 3, width: 4 } }), /has input 2 x 3 x 4 where/],
      [change("batchNorm", { epsilon: 1 }), /has epsilon 1 where/],
      [change("add", { from: "elsewhere" }), /has from elsewhere where/],
      [change("flatten", { kind: "maxMin" }), /is of kind maxMin where flatten is expected/],
    ] as const) {
      expect(() => assertSameArchitecture(network, other, "x")).toThrow(message);
    }
  });

  it("names other connections", () => {
    const edges = networkOf("edges");
    const indices = (edges.layers[0].topology as EdgeTopology).columnIndices.slice();
    indices[0] += 1;
    const moved = {
      ...edges,
      layers: [
        { ...edges.layers[0], topology: { ...edges.layers[0].topology, columnIndices: indices } as Topology },
        ...edges.layers.slice(1),
      ],
    };
    expect(() => assertSameArchitecture(edges, moved, "x")).toThrow(/has other connections/);
  });
});
