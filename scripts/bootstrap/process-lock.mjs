/** A lock between processes: a folder, which only one of them can make. */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_INTERVAL_MS = 2_000;
/** The holder touches its lock every 2 s; ten missed touches mean that it is gone, or that its machine slept. */
const STALE_AFTER_MS = 20_000;
const POLL_INTERVAL_MS = 200;

/** Runs `work` while holding the lock; `onWait` is told once whose process is waited for. */
export async function withLock(directory, onWait, work) {
  await mkdir(dirname(directory), { recursive: true });
  let told = false;
  while (!(await tryLock(directory))) {
    const holder = await readHolder(directory);
    if (holder === undefined) continue;
    if (isGone(holder)) {
      await discard(directory, holder.pid);
      continue;
    }
    if (!told) onWait(holder.pid);
    told = true;
    await sleep(POLL_INTERVAL_MS);
  }
  const touch = setInterval(() => void utimes(directory, new Date(), new Date()).catch(() => undefined), TOUCH_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(directory, { recursive: true, force: true });
  }
}

async function tryLock(directory) {
  try {
    await mkdir(directory);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  await writeFile(join(directory, 'pid'), String(process.pid));
  return true;
}

/** Undefined when the lock went away meanwhile. A holder that has not written its process id yet has `pid` NaN. */
async function readHolder(directory) {
  try {
    const { mtimeMs } = await stat(directory);
    const pid = await readFile(join(directory, 'pid'), 'utf8').catch(() => '');
    return { pid: Number.parseInt(pid, 10), touchedAt: mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isGone({ pid, touchedAt }) {
  if (Date.now() - touchedAt > STALE_AFTER_MS) return true;
  return !Number.isNaN(pid) && !isAlive(pid);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return error.code === 'EPERM';
  }
}

/** By a rename first: of several that find the lock stale, one moves it away; a lock that another has just taken is put back. */
async function discard(directory, stalePid) {
  const grave = `${directory}.stale-${process.pid}-${Date.now()}`;
  try {
    await rename(directory, grave);
    const moved = await readHolder(grave);
    if (moved !== undefined && !Object.is(moved.pid, stalePid)) return await rename(grave, directory);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return;
    throw error;
  }
  await rm(grave, { recursive: true, force: true });
}
