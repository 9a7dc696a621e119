import { describe, expect, it } from "vitest";
import { toyScoring } from "../../test/scoring.ts";
import { asMlp } from "../../test/sparse-run.ts";
import { adam, createTrainer } from "../engine/index.ts";
import { unflatten } from "../engine/parameters.ts";
import { sao } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { Network } from "../network/network.ts";
import { changeTopologies } from "./change-topologies.ts";
import type { UpdateRequest } from "./method.ts";
import { placesOf, topologyAt } from "./places.ts";

const scoring = toyScoring(8, 4);
const widths = [8, 12, 12, 4];

/** An SAO network and its optimizer state after a few steps of Adam. */
async function trained(): Promise<Omit<UpdateRequest, "network"> & { readonly network: Network }> {
  const network = mlp({ widths, init: sao({ groups: 2, arrangement: "random" }), seed: 3, start: "none" });
  const trainer = await createTrainer(network, { loss: scoring.loss, optimizer: adam(), batchSize: 16 });
  for (let step = 0; step < 5; step++) trainer.step(scoring.batch(step), 0.01);
  const optimizerState = trainer.optimizerState();
  const after = trainer.network();
  trainer.dispose();
  const task = { widths, activation: "tanh", sparsity: { groups: 2 }, seed: 3, start: "none" } as const;
  return { task, step: 5, total: 10, network: after, optimizerState, memory: {}, scoring };
}

describe("changeTopologies", () => {
  it("keeps weights and moments of connections that stay, and gives new ones zeros", async () => {
    const request = await trained();
    const { topology } = request.network.layers[1];
    const places = [...placesOf(topology)].sort((a, b) => a - b);
    const free = Array.from({ length: 144 }, (_, place) => place).filter((place) => !places.includes(place));
    const stay = places.filter((_, i) => i % 3 !== 0);
    const grown = free.slice(0, 20);
    const next = topologyAt("test", topology, Int32Array.from([...stay, ...grown]));
    const topologies = request.network.layers.map((layer, i) => (i === 1 ? next : layer.topology));
    const result = changeTopologies(request, topologies);

    expect(result.removed).toBe(places.length - stay.length);
    expect(result.added).toBe(grown.length);
    expect(result.network.layers[0]).toBe(request.network.layers[0]);
    expect(asMlp(result.network).layers[1].bias).toEqual(request.network.layers[1].bias);
    expect(result.optimizerState.updates).toBe(5);

    for (const name of ["weights", "moment1", "moment2"]) {
      const of = ({ network, optimizerState }: Pick<UpdateRequest, "network" | "optimizerState">) =>
        name === "weights" ? asMlp(network).layers : unflatten(network, optimizerState.vectors[name]);
      const [before, after] = [of(request), of(result)];
      const old = new Map(Array.from(placesOf(topology), (place, k) => [place, before[1].weights[k]]));
      expect(old.size).toBe(72);
      for (const [k, place] of placesOf(next).entries()) {
        expect(after[1].weights[k]).toBe(grown.includes(place) ? 0 : old.get(place));
      }
      for (const i of [0, 2]) expect(after[i].weights).toEqual(before[i].weights);
      for (const i of [0, 1, 2]) expect(after[i].bias).toEqual(before[i].bias);
    }
  });

  it("changes no step of training when the connections added never get weight", async () => {
    const request = await trained();
    const complete = request.network.layers.map(({ topology }) =>
      topologyAt(
        "test",
        topology,
        Int32Array.from({ length: topology.rows * topology.columns }, (_, k) => k),
      ),
    );
    const result = changeTopologies(request, complete);
    const losses = await Promise.all(
      [request, result].map(async ({ network, optimizerState }) => {
        const options = { loss: scoring.loss, optimizer: adam(), batchSize: 16, reproducible: true };
        const trainer = await createTrainer(network, options);
        trainer.restoreOptimizerState(optimizerState);
        const { loss } = trainer.evaluate(scoring.batch(7));
        trainer.dispose();
        return loss;
      }),
    );
    expect(losses[0]).toBeCloseTo(losses[1], 6);
  });
});
