import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PNG } from "pngjs";
import type { Dataset, Split } from "../src/data/dataset.ts";
import { type RandomStream, randomStream } from "../src/math/random.ts";

const side = 8;
const channels = 3;

/** Noise with a bright square: of class 0 in the upper left corner, of class 1 in the lower right one. */
function draw(label: number, random: RandomStream): Uint8Array {
  const pixels = new Uint8Array(channels * side * side);
  for (let i = 0; i < pixels.length; i++) {
    const [p, q] = [Math.floor((i % (side * side)) / side), i % side];
    const lit = label === 0 ? p < 4 && q < 4 : p >= 4 && q >= 4;
    pixels[i] = (lit ? 160 : 20) + random.integer(80);
  }
  return pixels;
}

/** Two classes of 3 x 8 x 8 images. */
export function toyImages(train = 48, test = 16): Dataset {
  const random = randomStream(7).split("images");
  const split = (count: number): Split => {
    const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
    const inputs = new Uint8Array(count * channels * side * side);
    for (let i = 0; i < count; i++) inputs.set(draw(labels[i], random), i * channels * side * side);
    return { count, inputs, labels };
  };
  return {
    name: "toy images",
    shape: [channels, side, side],
    image: { channels, height: side, width: side },
    outputs: 2,
    classNames: ["upper", "lower"],
    mean: Float32Array.of(90),
    deviation: Float32Array.of(60),
    train: split(train),
    test: split(test),
  };
}

/** The same as a folder of PNG files in `folder`. */
export async function writeToyImages(folder: string): Promise<void> {
  const { train, test, classNames } = toyImages();
  for (const [name, { count, inputs, labels }] of Object.entries({ train, test })) {
    for (let i = 0; i < count; i++) {
      const image = new PNG({ width: side, height: side });
      for (let k = 0; k < side * side; k++) {
        const color = [0, 1, 2].map((c) => inputs[(i * channels + c) * side * side + k]);
        image.data.set([...color, 255], 4 * k);
      }
      const parent = join(folder, name, classNames![labels![i]]);
      await mkdir(parent, { recursive: true });
      await writeFile(join(parent, `${i}.png`), PNG.sync.write(image, { colorType: 2 }));
    }
  }
}
