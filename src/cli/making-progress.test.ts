import { describe, expect, it } from "vitest";
import type { MakingProgress } from "../network/making-progress.ts";
import { mlp } from "../network/mlp.ts";
import { makingProgress } from "./making-progress.ts";

/** What is written of a network whose every report comes `milliseconds` after the one before. */
function written(isTTY: boolean, milliseconds: number): string[] {
  const texts: string[] = [];
  let time = 0;
  const { onMaking } = makingProgress({
    stream: { isTTY, columns: 200, write: (text: string | Uint8Array) => texts.push(String(text)) > 0 },
    now: () => time,
  });
  mlp({
    widths: [16, 16, 16],
    init: { groups: 2 },
    onProgress(progress) {
      onMaking(progress);
      time += milliseconds;
    },
  });
  return texts;
}

describe("the progress of making a network", () => {
  it("rises to the whole, and names every layer", () => {
    const seen: MakingProgress[] = [];
    mlp({ widths: [64, 32, 32, 10], init: { degree: 8 }, onProgress: (progress) => seen.push(progress) });
    expect(new Set(seen.map(({ layer }) => layer))).toEqual(new Set(["layers.0", "layers.1", "layers.2"]));
    // Rows of blocks too: more than layers.
    expect(seen.length).toBeGreaterThan(64);
    for (const [k, { share, index, layers }] of seen.entries()) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeGreaterThanOrEqual(seen[k - 1]?.share ?? 0);
      expect([layers, index]).toEqual([3, seen[k].layer === `layers.${index}` ? index : -1]);
    }
    expect(seen.at(-1)?.share).toBe(1);
  });

  it("is not shown when it is short", () => {
    expect(written(true, 10)).toEqual([]);
    expect(written(false, 100)).toEqual([]);
  });

  it("is a live line on a terminal, gone at the end", () => {
    const texts = written(true, 100);
    // 34 reports in 3.3 s, the last two of the whole: every second of them from the first second on, and the end.
    expect(texts).toHaveLength(12);
    expect(texts[0]).toContain("making the network");
    expect(texts[0]).toMatch(/ {2}layer 1\/2 {2}about \d\.\d s left {2}layers\.0/);
    expect(texts.at(-1)).toBe("\r\u001b[2K");
  });

  it("is a line every ten seconds elsewhere", () => {
    const texts = written(false, 1000);
    expect(texts.length).toBe(3);
    expect(texts[1]).toMatch(
      /^making the network {2} \d\d\.\d % {2}layer 2\/2 {2}about \d+\.\d s left {2}layers\.1\n$/,
    );
  });
});
