/** @file What a runtime's outputs are worth: how often they name the right class, and how far they are from the engine's. */

/**
 * Of outputs [labels.length, classes]: the share of rows whose largest is at the row's label; and beside the engine's
 * outputs, where there are any, the largest difference over the largest output, and the rows that name another class.
 */
export function quality(outputs, labels, engine) {
  const classes = outputs.length / labels.length;
  const right = share(labels, (s) => classOf(outputs, s, classes) === labels[s]);
  if (engine === undefined) return { accuracy: right };
  const differing = share(labels, (s) => classOf(outputs, s, classes) !== classOf(engine, s, classes));
  return { accuracy: right, difference: difference(outputs, engine), otherClass: differing };
}

function share(labels, holds) {
  let count = 0;
  for (let s = 0; s < labels.length; s++) if (holds(s)) count++;
  return count / labels.length;
}

function classOf(outputs, sample, classes) {
  const row = outputs.subarray(sample * classes, (sample + 1) * classes);
  return row.indexOf(Math.max(...row));
}

function difference(outputs, engine) {
  let most = 0;
  let largest = 0;
  for (let i = 0; i < engine.length; i++) {
    most = Math.max(most, Math.abs(outputs[i] - engine[i]));
    largest = Math.max(largest, Math.abs(engine[i]));
  }
  return most / largest;
}
