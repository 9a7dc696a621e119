/**
 * @file A convolution as a matrix that is only known by its products with images: never more memory than an image
 * and the kernels take.
 */

import {
  type Convolution,
  checkConvolution,
  checkImage,
  type ImageSize,
} from "../../init/convolution/convolution.ts";
import type { LinearOperator } from "../../math/lanczos.ts";
import { forEachConnection } from "../../topology/connections.ts";
import { nonZeros, type Topology } from "../../topology/topology.ts";
import { type PlacedTaps, places, placeTaps } from "./placed-taps.ts";

/** Some kernels of a convolution, between channels numbered anew from 0. */
export interface KernelGroup {
  /** Output channels. */
  readonly rows: number;
  /** Input channels. */
  readonly columns: number;
  /** The first kernel's place among all; the others follow. */
  readonly first: number;
  /** [kernels] output channel of each. */
  readonly kernelRows: Int32Array;
  /** [kernels] input channel of each. */
  readonly kernelColumns: Int32Array;
}

/**
 * The layer on images of size `image`: [output channels × output pixels, input channels × pixels], both laid out
 * [channels, height, width]. A product takes (kernels × used taps × output pixels) multiply-adds.
 *
 * Throws ArgumentError as `checkConvolution` and for an image's sides that are not whole numbers from 1.
 */
export function convolutionOperator(convolution: Convolution, image: ImageSize): LinearOperator {
  checkConvolution(convolution);
  checkImage(image);
  return groupOperator(wholeGroup(convolution.topology), placeTaps(convolution, image));
}

/** All kernels. */
export function wholeGroup(topology: Topology): KernelGroup {
  const count = nonZeros(topology);
  const [kernelRows, kernelColumns] = [new Int32Array(count), new Int32Array(count)];
  let next = 0;
  forEachConnection(topology, (row, column) => {
    kernelRows[next] = row;
    kernelColumns[next++] = column;
  });
  return { rows: topology.rows, columns: topology.columns, first: 0, kernelRows, kernelColumns };
}

/** Groups that share no channel, so that the layer's singular values are those of all groups: one for each block. */
export function independentGroups(topology: Topology): KernelGroup[] {
  if (topology.kind === "edges") return [wholeGroup(topology)];
  const { rowOffsets, columnOffsets } = topology;
  let first = 0;
  return Array.from({ length: rowOffsets.length - 1 }, (_, q) => {
    const rows = rowOffsets[q + 1] - rowOffsets[q];
    const columns = columnOffsets[q + 1] - columnOffsets[q];
    const kernels = Int32Array.from({ length: rows * columns }, (_, n) => n);
    const group = {
      rows,
      columns,
      first,
      kernelRows: kernels.map((n) => Math.floor(n / columns)),
      kernelColumns: kernels.map((n) => n % columns),
    };
    first += rows * columns;
    return group;
  });
}

/** The part of a layer that a group of kernels is. */
export function groupOperator(group: KernelGroup, placed: PlacedTaps): LinearOperator {
  return {
    rows: group.rows * places(placed.output),
    columns: group.columns * places(placed.input),
    multiply: (x, y) => addRuns(group, placed, x, y.fill(0), false),
    multiplyTransposed: (y, x) => addRuns(group, placed, y, x.fill(0), true),
  };
}

/** Adds every run of pixels that a weight takes from an input channel to an output channel, or back. */
function addRuns(
  { first, kernelRows, kernelColumns }: KernelGroup,
  { taps, weights, input, output, stride }: PlacedTaps,
  from: Float64Array,
  to: Float64Array,
  back: boolean,
): void {
  const [outputs, inputs] = [places(output), places(input)];
  for (let n = 0; n < kernelRows.length; n++) {
    const row = kernelRows[n] * outputs;
    const column = kernelColumns[n] * inputs;
    for (let t = 0; t < taps.length; t++) {
      const weight = weights[(first + n) * taps.length + t];
      if (weight === 0) continue;
      const { runs } = taps[t];
      for (let r = 0; r < runs.length; r += 3) {
        let o = row + runs[r];
        let i = column + runs[r + 1];
        const end = o + runs[r + 2];
        if (back) for (; o < end; o++, i += stride) to[i] += weight * from[o];
        else for (; o < end; o++, i += stride) to[o] += weight * from[i];
      }
    }
  }
}
