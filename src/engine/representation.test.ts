import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { mlp } from "../network/mlp.ts";
import { type AnyNetwork, isWeighted, parametersOf } from "../network/network.ts";
import { represent } from "./representation.ts";

/** Edges that are all there: blocks in disguise. */
const complete = () =>
  mlp({
    widths: [6, 8, 5, 4],
    init: { topology: "fixed-fan-in", weights: "xavier" },
    seed: 2,
  });

const topologies = ({ layers }: AnyNetwork) =>
  layers.map((layer) => (isWeighted(layer) ? layer.topology.kind : layer.kind));

describe("represent", () => {
  it("computes what the network computes", () => {
    const network = complete();
    const { network: held } = represent(network);
    expect(topologies(network)).toEqual(["edges", "edges", "edges"]);
    expect(topologies(held)).toEqual(["blocks", "blocks", "blocks"]);
    const random = randomStream(1);
    const inputs = Float64Array.from({ length: 3 * 6 }, () => random.normal());
    const expected = forward(network, inputs, 3);
    for (const [i, value] of forward(held, inputs, 3).entries()) expect(value).toBeCloseTo(expected[i], 12);
  });

  it("carries parameters there and back", () => {
    const network = complete();
    const { arrange, restore, network: held } = represent(network);
    const arranged = arrange(network.layers.map(parametersOf));
    expect(arranged).toEqual(held.layers.map(parametersOf));
    for (const [i, { weights, bias }] of restore(arranged).entries()) {
      expect(weights).toEqual(network.layers[i].weights);
      expect(bias).toEqual(network.layers[i].bias);
    }
  });

  it("shares the arrays of layers that stay as they are", () => {
    const network = mlp({ widths: [16, 16, 16], init: { degree: 4 }, seed: 3 });
    const { network: held } = represent(network);
    for (const [i, layer] of held.layers.entries()) {
      expect(isWeighted(layer) && layer.weights).toBe(network.layers[i].weights);
      expect(isWeighted(layer) && layer.topology).toBe(network.layers[i].topology);
    }
  });
});
