/** A worker in the middle of a call has this long to give it back; then it goes, since nobody is left to wait for it. */
const LAST_CHANCE_MS = 3_000;

/** Stops this process when its standard input closes, as it does when the parent is gone, however it went. */
export function exitWithParent(stop: () => void): void {
  process.stdin.resume();
  process.stdin.once('close', () => {
    stop();
    setTimeout(() => process.exit(1), LAST_CHANCE_MS).unref();
  });
}
