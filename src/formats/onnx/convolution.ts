/**
 * @file Convolutions: Conv with a group for each block where the kernels are blocks, else with the whole tensor.
 *
 * Groups of one size are one Conv; other sizes are one each, beside one another (buckets.ts). Zeros around the image are
 * Conv's `pads`; images that go round are joined from slices first: Pad has the mode `wrap` since operator set 19
 * only, and that is more than many runtimes read.
 */

import { centreTap, outputImage } from "../../init/convolution/convolution.ts";
import type { ConvolutionLayer } from "../../network/network.ts";
import type { BlockTopology } from "../../topology/topology.ts";
import { addActivation } from "./activation.ts";
import { bucketInputs, bucketOutputs, bucketWeights, unitPositions } from "./buckets.ts";
import { orderBlocks, placesOf } from "./channel-order.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { placedWeights } from "./placed-weights.ts";
import type { Images } from "./standing.ts";
import { pickUnits } from "./units.ts";

/** A convolution with the whole kernel tensor, its outputs in the order `wanted`. */
export function addFullConvolution(
  graph: GraphBuilder,
  layer: ConvolutionLayer,
  from: Images,
  wanted: Int32Array | undefined,
): Images {
  const { name, bias, kernelSize: k } = layer;
  const { rows } = layer.topology;
  const { value, attributes } = addSurroundings(graph, layer, from);
  const positions = placesOf(wanted, rows);
  const biases = new Float32Array(rows);
  for (const [unit, place] of positions.entries()) biases[place] = bias[unit];
  const inputs = [
    value,
    graph.constant(`${name}.weight`, placedWeights(layer, from.positions, from.width, positions), [
      rows,
      from.width,
      k,
      k,
    ]),
    graph.constant(`${name}.bias`, biases),
  ];
  const sum = graph.add("Conv", inputs, `${name}.convolution`, attributes);
  return finish(graph, layer, from, sum, rows, positions);
}

/** A convolution of several groups. */
export function addGroupedConvolution(
  graph: GraphBuilder,
  convolution: ConvolutionLayer,
  topology: BlockTopology,
  from: Images,
  wanted: Int32Array | undefined,
): Images {
  const { layer, blocks, buckets } = orderBlocks(convolution, topology, from, wanted);
  const { name, bias, kernelSize: k } = layer;
  const { value, attributes } = addSurroundings(graph, layer, from);
  const parts = buckets.map((bucket, part) => {
    const label = buckets.length === 1 ? name : `${name}.${part}`;
    const { groups, rows, columns } = bucket;
    const index = bucketInputs(blocks, bucket).map((unit) => from.positions[unit]);
    const shape = [groups.length * rows, columns, k, k];
    const biases = Float32Array.from(bucketOutputs(blocks, bucket), (unit) => (unit < 0 ? 0 : bias[unit]));
    const inputs = [
      pickUnits(graph, { name: value, width: from.width }, index, label),
      graph.constant(`${label}.weight`, bucketWeights(layer, blocks, bucket), shape),
      graph.constant(`${label}.bias`, biases),
    ];
    return graph.add("Conv", inputs, `${label}.convolution`, { ...attributes, group: groups.length });
  });
  const sum = parts.length === 1 ? parts[0] : graph.add("Concat", parts, `${name}.joined`, { axis: 1 });
  const units = Int32Array.from(buckets.flatMap((bucket) => [...bucketOutputs(blocks, bucket)]));
  return finish(graph, layer, from, sum, units.length, unitPositions(units, blocks.rows));
}

function finish(
  graph: GraphBuilder,
  layer: ConvolutionLayer,
  from: Images,
  sum: string,
  width: number,
  positions: Int32Array,
): Images {
  const name = addActivation(graph, layer.activation, sum, layer.name);
  return { name, width, positions, size: outputImage(layer, from.size) };
}

/** What Conv is told, and what it takes: with what lies beyond the border, where that is not zeros. */
function addSurroundings(
  graph: GraphBuilder,
  { name, kernelSize: k, stride, dilation, padding }: ConvolutionLayer,
  { name: input, size }: Images,
) {
  const sides = [size.height, size.width];
  const circular = padding === "circular";
  // Going round a side of N pixels, δ and δ mod N read the same ones.
  const dilations = sides.map((side) => (circular ? 1 + ((dilation - 1) % side) : dilation));
  const before = dilations.map((step) => centreTap(k) * step);
  const after = dilations.map((step) => (k - 1 - centreTap(k)) * step);
  const attributes = {
    kernel_shape: [k, k],
    strides: [stride, stride],
    dilations,
    pads: circular ? [0, 0, 0, 0] : [...before, ...after],
  };
  if (!circular) return { value: input, attributes };
  const taller = addRound(graph, input, 2, sides[0], [before[0], after[0]], `${name}.taller`);
  return { value: addRound(graph, taller, 3, sides[1], [before[1], after[1]], `${name}.wider`), attributes };
}

/** A value with `before` and `after` entries more along an axis of `side` entries, as if it went round. */
function addRound(
  graph: GraphBuilder,
  value: string,
  axis: number,
  side: number,
  [before, after]: readonly [number, number],
  label: string,
): string {
  const parts: string[] = [];
  for (let place = -before; place < side + after; ) {
    const begin = ((place % side) + side) % side;
    const end = Math.min(side, begin + side + after - place);
    parts.push(
      end - begin === side ? value : graph.slice(value, axis, [begin, end], `${label}.${parts.length}`),
    );
    place += end - begin;
  }
  return parts.length === 1 ? parts[0] : graph.add("Concat", parts, label, { axis });
}
