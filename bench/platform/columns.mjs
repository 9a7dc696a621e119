/** @file The section "platforms" in words and tables: a column a place. */

import { figure, significant, table } from "../text.mjs";

/** Samples a shard in which kernels are timed. */
export const SHARD = 32;

export function markdown({ deep, wide, shallow, columns, absent }) {
  const [{ when: latest }] = columns;
  const heading = ({ name, usual }) => `${name} (${usual})`;
  const old = columns.filter(({ when }) => when.date !== latest.date || when.commit !== latest.commit);
  const cell = (column, key, find, show) => {
    const found = column[key].find(find);
    return found ? show(found) : "";
  };
  const tasks = columns[0].networks.map(({ task }) => task);
  const rivals = columns[0].rivals.map(({ name }) => name);
  const variants = [...new Set(columns.flatMap(({ kernels }) => Object.keys(kernels)))];
  return [
    "In brackets the kernels that each picks by itself, which its networks run with." +
      " Rivals run beside: PyTorch and onnxruntime natively, whatever the column; TensorFlow.js (wasm, dense, with transposes" +
      " written out, its best configuration) in the column's own Node or page." +
      absent.map(({ name, reason }) => ` ${name} is absent: ${reason}.`).join("") +
      old
        .map(
          ({ name, when }) =>
            ` ${name} is of an earlier run: ${when.date}${when.commit ? `, commit ${when.commit}` : ""}.`,
        )
        .join(""),
    table(
      ["ms; ÷ the first column", ...columns.map(heading)],
      tasks.map((task) => [
        task,
        ...columns.map((column, i) =>
          cell(
            column,
            "networks",
            (row) => row.task === task,
            ({ ms, toFirst }) => (i === 0 ? figure(ms) : `${figure(ms)}; ${significant(toFirst.median)}`),
          ),
        ),
      ]),
    ),
    table(
      ["times as fast", ...columns.map(heading)],
      [
        [`two threads as one, ${deep}`, ...columns.map(({ speedUpOfTwoThreads: ratios }) => figure(ratios))],
        ...(columns.some(({ speedUpOfTwoThreadsWide: ratios }) => ratios)
          ? [
              [
                `two threads as one, ${wide}`,
                ...columns.map(({ speedUpOfTwoThreadsWide: ratios }) => (ratios ? figure(ratios) : "")),
              ],
            ]
          : []),
        ...rivals.map((name) => [
          `as ${name}`,
          ...columns.map((column) =>
            cell(
              column,
              "rivals",
              (row) => row.name === name,
              ({ toOurs }) => figure(toOurs),
            ),
          ),
        ]),
        [
          `as TensorFlow.js, ${shallow}`,
          ...columns.map(({ tensorflow: found }) =>
            found
              ? `${figure(found.toOurs)}; ${significant(found.ms.median)} ms on ${found.threads} thread(s)`
              : "absent",
          ),
        ],
      ],
    ),
    `The wide network is ${wide}. Kernels, shards of ${SHARD}, GFLOP/s; ÷ the peak of the same column.`,
    ...variants.map((variant) => kernelTable(variant, columns)),
  ].join("\n\n");
}

function kernelTable(variant, columns) {
  const measured = columns.filter(({ kernels }) => kernels[variant]);
  const of = (column) => column.kernels[variant];
  const names = [...new Set(measured.flatMap((column) => of(column).passes.map(({ name }) => name)))];
  return table(
    [variant, ...measured.map(({ name }) => name)],
    [
      ["peak", ...measured.map((column) => figure(of(column).peakGflops))],
      ...names.map((name) => [
        name,
        ...measured.map((column) => {
          const row = of(column).passes.find((pass) => pass.name === name);
          return row ? `${significant(row.gflops.median)}; ${significant(row.ofPeak.median, 2)}` : "";
        }),
      ]),
      ["tanh, ns an element", ...measured.map((column) => figure(of(column).tanhNs))],
    ],
  );
}
