/** @file Which thread settings a rival does best with: all are tried, the best go on to the real rounds. */

/** A setting this much slower than the best so far, once warm, is not looked at again. */
const HOPELESS = 2;
/** Settings within this factor of the best go on, two at most. */
const CLOSE = 1.3;
const FINALISTS = 2;
/** Milliseconds of an attempt, which is of several runs where they are short; and above which a run has but one. */
const ATTEMPT = 10;
const ATTEMPTS = 3;
const LONG = 1000;

/**
 * `settings` in the order of the milliseconds that a run takes, best of a few attempts, each with its `ms`. Attempts
 * take turns, as whatever is looked at first is what a process that has just begun is slowest at.
 *
 * @param run `(count, setting)` → milliseconds of so many
 * @param warm milliseconds that each setting runs uncounted first, one run at least: a library that compiles what it
 *   runs often needs more
 * @param most milliseconds; where the first setting takes longer, the others are not tried
 */
export async function rank(run, settings, { warm = 0, most = Number.POSITIVE_INFINITY } = {}) {
  const tried = [];
  for (const setting of settings) {
    let ms;
    let spent = 0;
    do {
      ms = await run(1, setting);
      spent += ms;
    } while (spent < warm);
    // What a run takes once warm; a first one may be far above that.
    ms = Math.min(ms, await run(1, setting));
    tried.push({ ...setting, ms });
    if (ms > most) break;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const worth = Math.min(LONG, HOPELESS * Math.min(...tried.map(({ ms }) => ms)));
    for (const [i, setting] of settings.slice(0, tried.length).entries()) {
      if (tried[i].ms > worth) continue;
      const count = Math.max(1, Math.round(ATTEMPT / tried[i].ms));
      tried[i].ms = Math.min(tried[i].ms, (await run(count, setting)) / count);
    }
  }
  return tried.toSorted((a, b) => a.ms - b.ms);
}

/** Of settings in order, those whose times are too close to tell which is best; an only one needs no time. */
export function finalists(tried) {
  return tried.slice(0, FINALISTS).filter(({ ms }, i) => i === 0 || ms <= CLOSE * tried[0].ms);
}
