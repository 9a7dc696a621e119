import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ConvolutionLayer } from "../network/network.ts";
import { reachOf } from "./reach.ts";

/** The pixel that a tap reads for output pixel p, from the definition; −1: beyond the border. */
function pixelRead(
  { kernelSize, stride, dilation, padding }: ConvolutionLayer,
  tap: number,
  p: number,
  side: number,
) {
  const place = stride * p + (tap - Math.floor((kernelSize - 1) / 2)) * dilation;
  if (padding === "circular") return ((place % side) + side) % side;
  return place >= 0 && place < side ? place : -1;
}

describe("the reach of taps", () => {
  it("is a line of neighbours for each tap that reads anything, at no more than three times the side", () => {
    fc.assert(
      fc.property(
        fc.record({
          kernelSize: fc.integer({ min: 1, max: 7 }),
          stride: fc.integer({ min: 1, max: 5 }),
          dilation: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 65536 })),
          padding: fc.constantFrom("zeros" as const, "circular" as const),
        }),
        fc.integer({ min: 1, max: 40 }),
        (geometry, side) => {
          const layer = geometry as ConvolutionLayer;
          const output = Math.ceil(side / layer.stride);
          const { taps, parts } = reachOf(layer, side, output);
          const outputs = Array.from({ length: output }, (_, p) => p);
          for (const { tap, part, begin } of taps) {
            const line = parts[part].subarray(begin, begin + output);
            expect([...line]).toEqual(outputs.map((p) => pixelRead(layer, tap, p, side)));
          }
          const kept = new Set(taps.map(({ tap }) => tap));
          for (let tap = 0; tap < layer.kernelSize; tap++) {
            if (kept.has(tap)) continue;
            expect(outputs.every((p) => pixelRead(layer, tap, p, side) < 0)).toBe(true);
          }
          const pixels = parts.reduce((sum, part) => sum + part.length, 0);
          expect(pixels).toBeLessThanOrEqual(parts.length * 3 * (output + 1));
          expect(parts.length).toBeLessThanOrEqual(layer.stride);
        },
      ),
    );
  });

  it("is the image itself where nothing is beside it", () => {
    const plain = { kernelSize: 1, stride: 1, dilation: 1, padding: "zeros" } as ConvolutionLayer;
    expect(reachOf(plain, 5, 5)).toEqual({
      taps: [{ tap: 0, part: 0, begin: 0 }],
      parts: [Int32Array.of(0, 1, 2, 3, 4)],
    });
  });
});
