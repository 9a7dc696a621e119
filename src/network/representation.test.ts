import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unevenBlocks } from "../../test/random-network.ts";
import { randomStream } from "../math/random.ts";
import { buildTopology, type EdgeTopology, type Topology } from "../topology/index.ts";
import { representationOf as ofLayer } from "./representation.ts";

const representationOf = (topology: Topology) => ofLayer({ kind: "linear", topology });

/** row → column → place of the weight. */
function places(topology: Topology): Map<string, number> {
  const found = new Map<string, number>();
  let next = 0;
  if (topology.kind === "edges") {
    const { rows, rowPointers, columnIndices } = topology;
    for (let row = 0; row < rows; row++) {
      for (; next < rowPointers[row + 1]; next++) found.set(`${row} ${columnIndices[next]}`, next);
    }
    return found;
  }
  const { rowOrder, columnOrder, rowOffsets, columnOffsets } = topology;
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++) {
      for (let j = columnOffsets[q]; j < columnOffsets[q + 1]; j++) {
        found.set(`${rowOrder[i]} ${columnOrder[j]}`, next++);
      }
    }
  }
  return found;
}

/** The same connections as edges. */
function asEdges(topology: Topology): EdgeTopology {
  const lists: number[][] = Array.from({ length: topology.rows }, () => []);
  for (const key of places(topology).keys()) {
    const [row, column] = key.split(" ").map(Number);
    lists[row].push(column);
  }
  const columnIndices = lists.map((list) => list.toSorted((a, b) => a - b));
  const rowPointers = Int32Array.from([0, ...columnIndices.map((list) => list.length)]);
  for (let row = 0; row < topology.rows; row++) rowPointers[row + 1] += rowPointers[row];
  return {
    kind: "edges",
    name: "test",
    rows: topology.rows,
    columns: topology.columns,
    rowPointers,
    columnIndices: Int32Array.from(columnIndices.flat()),
  };
}

function sao(rows: number, columns: number, groups: number, seed: number): Topology {
  const random = randomStream(seed);
  return buildTopology("sao", { rows, columns }, { groups }, { arrangement: "random", random });
}

const sizesOf = (offsets: Int32Array) => [...offsets.subarray(1)].map((end, q) => end - offsets[q]);

describe("representationOf", () => {
  it("leaves blocks and a dense layer as they are", () => {
    const blocks = sao(32, 32, 4, 1);
    expect(representationOf(blocks)).toMatchObject({ kind: "blocks", topology: blocks });
    expect(representationOf(blocks).order).toBeUndefined();
    expect(representationOf(sao(8, 8, 1, 1)).kind).toBe("dense");
  });

  it("finds blocks among edges: the same connections, and where each weight is", () => {
    const sizes = fc.record({
      groups: fc.integer({ min: 1, max: 5 }),
      rows: fc.integer({ min: 4, max: 7 }),
      columns: fc.integer({ min: 4, max: 7 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sizes, ({ groups, rows, columns, seed }) => {
        const edges = asEdges(sao(groups * rows, groups * columns, groups, seed));
        const { kind, topology, order } = representationOf(edges);
        expect(kind).toBe(groups === 1 ? "dense" : "blocks");
        const own = places(edges);
        const found = places(topology);
        expect(found.size).toBe(own.size);
        for (const [key, place] of found) expect(order?.[place]).toBe(own.get(key));
      }),
    );
  });

  it("runs small blocks as edges: the same connections, and where each weight is", () => {
    const sizes = fc.record({
      groups: fc.integer({ min: 2, max: 6 }),
      rows: fc.integer({ min: 6, max: 23 }),
      columns: fc.integer({ min: 6, max: 23 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sizes, ({ groups, rows, columns, seed }) => {
        const random = randomStream(seed);
        const blocks = unevenBlocks(rows, columns, groups, random);
        const { kind, topology, order } = representationOf(blocks);
        const sides = [...sizesOf(blocks.rowOffsets), ...sizesOf(blocks.columnOffsets)];
        const small = Math.min(...sides) < 4 && Math.max(...sides) < 16;
        expect(kind).toBe(small ? "edges" : "blocks");
        if (!small) return;
        expect(topology).toEqual(asEdges(blocks));
        const own = places(blocks);
        for (const [key, place] of places(topology)) expect(order?.[place]).toBe(own.get(key));
      }),
    );
  });

  it("says which sides are too small, and leaves convolutions of small groups as they are", () => {
    const even = sao(12, 12, 6, 5);
    expect(representationOf(even).reason).toBe("blocks of side 2, where edges are faster");
    const uneven = sao(13, 12, 5, 5);
    expect(representationOf(uneven).reason).toBe("blocks of sides 2 to 3, where edges are faster");
    expect(ofLayer({ kind: "convolution", topology: even })).toMatchObject({
      kind: "blocks",
      topology: even,
    });
    // Long ones, and a layer that is one block, however few its outputs.
    expect(representationOf(sao(6, 48, 3, 5)).kind).toBe("blocks");
    expect(representationOf(sao(2, 3, 1, 5)).kind).toBe("dense");
  });

  it("takes no mask for blocks that lacks one connection, or shares a column", () => {
    const complete = asEdges(sao(12, 12, 2, 3));
    const rowPointers = complete.rowPointers.map((at, row) => (row > 5 ? at - 1 : at));
    const last = complete.rowPointers[6] - 1;
    const columnIndices = complete.columnIndices.filter((_, edge) => edge !== last);
    expect(representationOf({ ...complete, rowPointers, columnIndices }).kind).toBe("edges");
    const random = randomStream(4);
    const irregular = buildTopology("random", { rows: 64, columns: 64 }, { degree: 8 }, { random });
    expect(representationOf(irregular)).toMatchObject({ kind: "edges", topology: irregular });
  });

  it("keeps unconnected units and small blocks as edges", () => {
    const edges = asEdges(sao(12, 12, 3, 5));
    expect(representationOf({ ...edges, columns: 13 }).kind).toBe("edges");
    const small = representationOf(asEdges(sao(12, 12, 6, 5)));
    expect(small.kind).toBe("edges");
    expect(small.reason).toContain("side 2");
  });
});
