/**
 * @file Which layer takes what. Values are numbered: 0 is the network's input, the others what layers give; flattening
 * gives what it takes, as images lie channel by channel.
 */

import type { AnyNetwork, Layer } from "../network/network.ts";
import type { BlockTopology } from "../topology/topology.ts";

export interface Wiring {
  /** [layers] the values that each takes and gives; of an addition, also the earlier one. */
  readonly taken: readonly number[];
  readonly given: readonly number[];
  readonly earlier: readonly (number | undefined)[];
  /** [values] the last layer that takes each; the number of layers: none, it is the output. */
  readonly lastUse: readonly number[];
  /**
   * [values] the blocks in whose column order a value is to lie, as the layer of these alone takes it, and what gives it
   * can give it so.
   */
  readonly orderedFor: readonly (BlockTopology | undefined)[];
  /** [values] whether convolutions alone take it. */
  readonly forConvolutions: readonly boolean[];
}

export function wire({ layers }: AnyNetwork): Wiring {
  const named = new Map<string, number>();
  const givers: (Layer | undefined)[] = [undefined];
  const users: number[][] = [[]];
  const [taken, given, earlier]: [number[], number[], (number | undefined)[]] = [[], [], []];
  let value = 0;
  for (const [i, layer] of layers.entries()) {
    taken.push(value);
    earlier.push(layer.kind === "add" ? named.get(layer.from) : undefined);
    if (layer.kind !== "flatten") {
      for (const used of [taken[i], earlier[i]]) if (used !== undefined) users[used].push(i);
      value = givers.push(layer) - 1;
      users.push([]);
    }
    given.push(value);
    named.set(layer.name, value);
  }
  users[value].push(layers.length);
  return {
    taken,
    given,
    earlier,
    lastUse: users.map((uses) => Math.max(...uses)),
    orderedFor: users.map((uses, v) => {
      const user = uses.length === 1 ? layers[uses[0]] : undefined;
      const orderable = givers[v] === undefined || givers[v].kind === "linear";
      const blocks = user?.kind === "linear" && user.topology.kind === "blocks" ? user.topology : undefined;
      return orderable ? blocks : undefined;
    }),
    forConvolutions: users.map((uses) => uses.every((i) => layers[i]?.kind === "convolution")),
  };
}
