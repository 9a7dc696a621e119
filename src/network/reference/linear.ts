/**
 * @file Linear layers, for the reference forward pass.
 */

import { forEachConnection } from "../../topology/connections.ts";
import type { LinearLayer } from "../network.ts";

/** W x + b for x [columns, count]: [rows, count]. */
export function linear({ topology, weights, bias }: LinearLayer, x: Float64Array, count: number) {
  const y = new Float64Array(topology.rows * count);
  for (let row = 0; row < topology.rows; row++) y.fill(bias[row], row * count, (row + 1) * count);
  let next = 0;
  forEachConnection(topology, (row, column) => {
    const weight = weights[next++];
    for (let s = 0; s < count; s++) y[row * count + s] += weight * x[column * count + s];
  });
  return y;
}
