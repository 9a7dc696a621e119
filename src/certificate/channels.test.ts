import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiply, toDense } from "../../test/dense-matrix.ts";
import { randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { randomTopology } from "../../test/random-network.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import { randomStream } from "../math/random.ts";
import { singularValues } from "../math/singular-values.ts";
import { forward } from "../network/evaluate.ts";
import { inputShape, networkInput, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, isWeighted, type Layer } from "../network/network.ts";
import { nonZeros } from "../topology/topology.ts";
import { Budget } from "./budget.ts";
import { channelSteps } from "./channels.ts";
import { mixing } from "./mixing.ts";
import { reach } from "./reach.ts";

const unlimited = () => new Budget("test", Number.POSITIVE_INFINITY);
const reachOf = (network: AnyNetwork) => reach(channelSteps(network), unlimited())!;

/** All but padding, whose pixels depend on nothing. */
const kinds = ["convolution", "averagePool", "spaceToDepth", "maxMin", "batchNorm", "add"] as const;

/** What is not a number goes wherever something depends on it: [layers][inputs] which numbers a channel makes so. */
function poisoned({ layers, provenance }: AnyNetwork): boolean[][][] {
  const network: AnyNetwork = {
    // No weight is 0 by chance, and no activation hides what it is given.
    layers: layers.map((layer): Layer => {
      if (!isWeighted(layer)) return layer.kind === "maxMin" ? layer : { ...layer, ...linear(layer) };
      return { ...layer, ...linear(layer), weights: layer.weights.map(() => 1) };
    }),
    provenance,
  };
  const { channels } = networkInput(network);
  const pixels = sizeOf(networkInput(network)) / channels;
  const found: boolean[][][] = layers.map(() => []);
  for (let channel = 0; channel < channels; channel++) {
    const input = Float64Array.from({ length: channels * pixels }, (_, i) =>
      Math.floor(i / pixels) === channel ? Number.NaN : 1,
    );
    forward(network, input, 1, (layer, _, values) => found[layer].push(Array.from(values, Number.isNaN)));
  }
  return found;
}

function linear(layer: Layer) {
  return "activation" in layer ? { activation: "linear" as const } : {};
}

describe("reach of any network", () => {
  it("is where what is not a number goes", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), (seed) => {
        const network = randomConvolutionNetwork(seed, { kinds });
        const found = reachOf(network);
        const met = poisoned(network);
        const last = met[met.length - 1].flat();
        expect(found.connectedPairs).toBeCloseTo(last.filter(Boolean).length / last.length, 12);
        const changing = new Set(channelSteps(network).map(({ layer }) => layer));
        const all = met.findIndex((layer, k) => changing.has(k) && layer.flat().every(Boolean));
        const passed = network.layers.slice(0, all + 1).filter(isWeighted).length;
        expect(found.layers).toBe(all < 0 ? null : passed);
        if (found.layers !== null) expect(found.lowerBound).toBeLessThanOrEqual(found.layers);
      }),
      { numRuns: 300 },
    );
  });

  it("has the slowest window of those from any layer", () => {
    const without = kinds.filter((kind) => kind !== "averagePool" && kind !== "batchNorm");
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), (seed) => {
        const network = randomConvolutionNetwork(seed, { kinds: without });
        const starts = [...network.layers.keys()].filter((k) => isWeighted(network.layers[k]));
        const windows = starts.map((k) => reachOf(from(network, k)).layers);
        const found = reachOf(network);
        expect(found.worstWindow?.layers ?? 0).toBe(Math.max(0, ...windows.map((layers) => layers ?? 0)));
        const unfinished = windows.indexOf(null);
        expect(found.unfinishedFrom).toBe(unfinished < 0 ? null : starts[unfinished]);
      }),
      { numRuns: 200 },
    );
  });
});

/** The network from layer `start` on. Shortcuts from further back than its input are left out. */
function from({ layers, provenance }: AnyNetwork, start: number): AnyNetwork {
  const before = layers[start - 1]?.name ?? "input";
  const rest = layers.slice(start);
  const known = new Set([before, ...rest.map(({ name }) => name)]);
  const kept = rest.map((layer) =>
    layer.kind === "add" && !known.has(layer.from) ? same(layer.name, layer.input) : layer,
  );
  return { layers: [same(before, inputShape(layers[start])), ...kept], provenance };
}

/** A layer that gives what it takes. */
function same(name: string, input: ImageShape): Layer {
  return { kind: "averagePool", name, input, window: { height: 1, width: 1 } };
}

/** Convolutions of one tap on one pixel, with shortcuts from before to behind every second. */
function residual(seed: number): AnyNetwork {
  const random = randomStream(seed);
  const sides = [4, 5, 6, 7];
  const layers: Layer[] = [];
  let channels = 4;
  for (const [i, next] of sides.entries()) {
    const input = { channels, height: 1, width: 1 };
    const topology = randomTopology(next, channels, random);
    layers.push({
      kind: "convolution",
      name: `layers.${i}`,
      topology,
      weights: new Float32Array(nonZeros(topology)).fill(1),
      bias: new Float32Array(next),
      kernelSize: 1,
      stride: 1,
      dilation: 1,
      padding: "zeros",
      input,
      activation: "linear",
      asked: {},
      initializer: "ones",
    });
    channels = next;
    if (i % 2 === 0) continue;
    const output = { channels, height: 1, width: 1 };
    layers.push({
      kind: "add",
      name: `add.${i}`,
      input: output,
      from: `layers.${i - 1}`,
      activation: "linear",
    });
  }
  return { layers, provenance: { seed, start: "none" } };
}

describe("mixing of any network", () => {
  it("counts the paths through shortcuts too", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), (seed) => {
        const network = residual(seed);
        const found = mixing(channelSteps(network), randomStream(seed), unlimited());
        // Depth k ends before the next layer with weights.
        const ends = [1, 3, 4, 6];
        for (const [k, { ratio }] of found.entries()) {
          const layers = network.layers.slice(0, ends[k]);
          const rows = pathCounts({ ...network, layers });
          const [first, second = 0] = singularValues(rows.matrix, rows.rows, 4);
          expect(Math.abs(ratio - (first === 0 ? 1 : second / first))).toBeLessThan(2e-6);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("copies and pairs channels as layers do", () => {
    const shape = { channels: 4, height: 2, width: 2 };
    const steps = channelSteps({
      layers: [
        { kind: "maxMin", name: "sort", input: shape },
        { kind: "spaceToDepth", name: "down", input: shape, side: 2 },
        { kind: "flatten", name: "flatten", input: { channels: 16, height: 1, width: 1 } },
      ],
      provenance: { seed: 0, start: "none" },
    });
    expect(steps).toHaveLength(2);
    const [pairs, copies] = steps.map((step) => {
      if (step.kind === "add") throw new Error("there is no addition");
      return toDense(step.topology, new Float64Array(nonZeros(step.topology)).fill(1));
    });
    expect([...pairs]).toEqual([1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]);
    const both = multiply(copies, pairs, 16, 4, 4);
    expect([...both.subarray(0, 8)]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
    expect([...both.subarray(16, 20)]).toEqual([0, 1, 0, 1]);
  });
});

/** [outputs, inputs]: with weights of 1 outputs are numbers of paths. */
function pathCounts(network: AnyNetwork): { matrix: Float64Array; rows: number } {
  const columns = Array.from({ length: 4 }, (_, j) => {
    const unit = new Float64Array(4);
    unit[j] = 1;
    return forward(network, unit, 1);
  });
  const rows = columns[0].length;
  const matrix = Float64Array.from({ length: rows * 4 }, (_, k) => columns[k % 4][Math.floor(k / 4)]);
  return { matrix, rows };
}
