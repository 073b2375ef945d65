/** Tells on stderr what the set-up does and how long each step took; stdout belongs to the command that follows. */

/** A terminal shows a running clock; a log gets a sign of life this often. */
const LOG_INTERVAL_MS = 30_000;
const CLOCK_INTERVAL_MS = 1_000;

export function say(text) {
  process.stderr.write(`anyport set-up: ${text}\n`);
}

/** Runs `work`, saying when it begins, that it still runs, and how it ended. */
export async function runStep(title, work) {
  const startedAt = performance.now();
  const isTerminal = process.stderr.isTTY === true;
  say(`${title} …`);
  const clock = setInterval(
    () => {
      const text = `${title} … ${elapsed(startedAt)}`;
      // A line that wraps cannot be overwritten: each second would add one.
      if (isTerminal)
        process.stderr.write(
          `\r${`anyport set-up: ${elapsed(startedAt)} · ${title}`.slice(0, (process.stderr.columns || 80) - 1)}\u001b[K`,
        );
      else say(text);
    },
    isTerminal ? CLOCK_INTERVAL_MS : LOG_INTERVAL_MS,
  );
  const finish = (outcome) => {
    clearInterval(clock);
    if (isTerminal) process.stderr.write('\r\u001b[K');
    say(`${title}: ${outcome} (${elapsed(startedAt)})`);
  };
  try {
    const result = await work();
    finish('done');
    return result;
  } catch (error) {
    finish('failed');
    throw error;
  }
}

function elapsed(startedAt) {
  const seconds = (performance.now() - startedAt) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
