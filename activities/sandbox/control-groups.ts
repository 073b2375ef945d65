/** Control groups of Linux: what bounds the memory and the processes of a command with everything that it starts, whoever it runs as. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandLimits } from './command-limits.ts';
import type { Controller, ControllerPlace } from './find-controllers.ts';
import { CONTROLLERS, findController } from './find-controllers.ts';

export interface ControlGroups {
  /** Which limits hold here, and by which version of control groups. */
  readonly held: Readonly<Partial<Record<Controller, 1 | 2>>>;
  /** @throws Error when the groups cannot be made */
  create(limits: CommandLimits): ControlGroup;
}

/** The groups of one command. */
export interface ControlGroup {
  /** The files into which a process writes `0` to enter. */
  readonly entrances: readonly string[];
  /** Kills what is left in it and removes it. @returns which limits the command ran into, in words */
  end(): Promise<readonly string[]>;
}

interface Part extends ControllerPlace {
  readonly controller: Controller;
}

const PREFIX = 'anyport-';
/** A killed process leaves its group within milliseconds, unless it is in an uninterruptible read. */
const END_ROUNDS = 100;
const END_ROUND_MS = 10;

let found: ControlGroups | undefined;

/**
 * Finds what holds here, and removes the empty groups of workers that were killed. Once in a process: two that count by themselves would
 * give one name twice, and each end the other's commands.
 */
export function findControlGroups(): ControlGroups {
  found ??= lookForControlGroups();
  return found;
}

function lookForControlGroups(): ControlGroups {
  const parts = CONTROLLERS.flatMap((controller): readonly Part[] => {
    const place = findController(controller);
    return place === undefined ? [] : [{ controller, ...place }];
  });
  parts.forEach(({ folder }) => removeLeftGroups(folder));
  let count = 0;
  return {
    held: Object.fromEntries(parts.map(({ controller, version }) => [controller, version])),
    create(limits) {
      count += 1;
      const name = `${PREFIX}${process.pid}-${count}`;
      const groups = parts.map((part) => ({ ...part, folder: join(part.folder, name) }));
      for (const group of groups) {
        mkdirSync(group.folder, { recursive: true });
        limit(group, limits);
      }
      const folders = [...new Set(groups.map(({ folder }) => folder))];
      return {
        entrances: folders.map((folder) => join(folder, 'cgroup.procs')),
        async end() {
          await Promise.all(folders.map(empty));
          const words = groups.flatMap((group) => describeLimit(group, limits));
          folders.forEach(remove);
          return words;
        },
      };
    },
  };
}

function limit({ controller, version, folder }: Part, { memoryBytes, processes }: CommandLimits): void {
  if (controller === 'pids') writeFileSync(join(folder, 'pids.max'), String(processes));
  else if (version === 2) {
    writeFileSync(join(folder, 'memory.max'), String(memoryBytes));
    writeIfThere(join(folder, 'memory.swap.max'), '0');
  } else {
    writeFileSync(join(folder, 'memory.limit_in_bytes'), String(memoryBytes));
    writeIfThere(join(folder, 'memory.memsw.limit_in_bytes'), String(memoryBytes));
  }
}

/** Kernels without swap accounting don't have these files. */
function writeIfThere(file: string, text: string): void {
  if (existsSync(file)) writeFileSync(file, text);
}

function describeLimit({ controller, version, folder }: Part, { memoryBytes, processes }: CommandLimits): readonly string[] {
  if (controller === 'pids') {
    const refused = countIn(join(folder, 'pids.events'), 'max');
    return refused === 0 ? [] : [`it may have ${processes} processes and threads at one time; ${refused} more were refused`];
  }
  const killed = countIn(join(folder, version === 2 ? 'memory.events' : 'memory.oom_control'), 'oom_kill');
  const mebibytes = Math.round(memoryBytes / 1024 ** 2);
  return killed === 0 ? [] : [`it may use ${mebibytes} MiB of memory; ${killed} of its processes were killed for more`];
}

function countIn(file: string, key: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${key} `));
  return Number(line?.slice(key.length + 1) ?? 0);
}

async function empty(folder: string): Promise<void> {
  for (let round = 0; round < END_ROUNDS; round += 1) {
    const left = membersOf(folder);
    if (left.length === 0) return;
    left.forEach(kill);
    await delay(END_ROUND_MS);
  }
}

function membersOf(folder: string): readonly number[] {
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n');
  return pids.map(Number).filter((pid) => pid > 0);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

/** One with a process in it stays, and is removed by a later worker. */
function remove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Busy, or gone already.
  }
}

/** Those of workers that run may be empty as well: their commands are about to enter. */
function removeLeftGroups(folder: string): void {
  const left = readdirSync(folder).filter((name) => name.startsWith(PREFIX) && !isRunning(pidIn(name)));
  left.map((name) => join(folder, name)).forEach(remove);
}

function pidIn(name: string): number {
  return Number.parseInt(name.slice(PREFIX.length), 10);
}

function isRunning(pid: number): boolean {
  return pid !== process.pid && existsSync(`/proc/${pid}`);
}
