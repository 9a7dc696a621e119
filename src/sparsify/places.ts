/**
 * @file Connections by place: a connection's place in a layer is row × columns + column. Rivals choose among all
 * places, so unlike the rest of the project they do handle arrays of the size rows × columns, one layer at a time
 * where that is possible.
 *
 * A connection of a convolution is a kernel, and has as many weights as taps; one of a linear layer has one.
 */

import { randomStream } from "../math/random.ts";
import { forEachConnection } from "../topology/connections.ts";
import { dense } from "../topology/dense.ts";
import type { LayerShape } from "../topology/shape.ts";
import { nonZeros, type Topology } from "../topology/topology.ts";

/** [non-zeros] the place of each connection, in the order of the layer's weights. */
export function placesOf(topology: Topology): Int32Array {
  const places = new Int32Array(nonZeros(topology));
  let next = 0;
  forEachConnection(topology, (row, column) => {
    places[next++] = row * topology.columns + column;
  });
  return places;
}

/** [rows, columns, taps] row-major: values of connections, in topology order, at their places; zero elsewhere. */
export function scatter(topology: Topology, values: Float32Array, taps = 1): Float32Array {
  const matrix = new Float32Array(topology.rows * topology.columns * taps);
  for (const [k, place] of placesOf(topology).entries()) {
    for (let tap = 0; tap < taps; tap++) matrix[place * taps + tap] = values[k * taps + tap];
  }
  return matrix;
}

/** The values of a matrix [rows, columns, taps] at a topology's connections, in its order. */
export function gather(topology: Topology, matrix: Float32Array | Float64Array, taps = 1): Float32Array {
  const places = placesOf(topology);
  const values = new Float32Array(places.length * taps);
  for (let k = 0; k < places.length; k++) {
    for (let tap = 0; tap < taps; tap++) values[k * taps + tap] = matrix[places[k] * taps + tap];
  }
  return values;
}

/** [connections] the L1 norm of each one's taps, in float64, as scores are; of a single weight its |value|. */
export function magnitudesOf(values: Float32Array | Float64Array, taps = 1): Float64Array {
  const magnitudes = new Float64Array(values.length / taps);
  for (let k = 0; k < magnitudes.length; k++) {
    for (let i = k * taps; i < (k + 1) * taps; i++) magnitudes[k] += Math.abs(values[i]);
  }
  return magnitudes;
}

/** [connections] the sum over each one's taps. */
export function sumsOf(values: Float64Array, taps: number): Float64Array {
  if (taps === 1) return values;
  const sums = new Float64Array(values.length / taps);
  for (let i = 0; i < values.length; i++) sums[Math.floor(i / taps)] += values[i];
  return sums;
}

/**
 * The topology of some places, in any order, without repeats. All places make dense blocks, for the faster
 * kernels; fewer make edges; none at all is a layer that passes nothing but its biases on.
 */
export function topologyAt(name: string, shape: LayerShape, places: Int32Array): Topology {
  const { rows, columns } = shape;
  if (places.length === rows * columns) return completeTopology(name, shape);
  const sorted = places.slice().sort();
  const rowPointers = new Int32Array(rows + 1);
  const columnIndices = new Int32Array(sorted.length);
  for (let k = 0; k < sorted.length; k++) {
    const row = Math.floor(sorted[k] / columns);
    rowPointers[row + 1]++;
    columnIndices[k] = sorted[k] - row * columns;
  }
  for (let r = 0; r < rows; r++) rowPointers[r + 1] += rowPointers[r];
  return { kind: "edges", name, rows, columns, rowPointers, columnIndices };
}

/** All connections; its weights are in the order of places. */
export function completeTopology(name: string, shape: LayerShape): Topology {
  return { ...dense(shape, {}, { random: randomStream(0) }), name };
}
