/** The ways out that the commands of this worker have just now: a socket for each, in a folder that nobody else may enter. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EgressProxySettings } from './egress-proxy.ts';
import { startEgressProxy } from './egress-proxy.ts';
import type { EgressSlots } from './egress-route.ts';

export interface EgressRequest extends Pick<EgressProxySettings, 'lists'> {
  /** Absolute path of the workspace: commands of one share their connections. */
  readonly workspace: string;
  /** Told each refusal once, in words for the model. */
  say(refusal: string): void;
}

export interface EgressDoor {
  /** Absolute path of the proxy's socket. */
  readonly socket: string;
  close(): Promise<void>;
}

export interface Egress {
  /** @throws Error when no socket can be made */
  open(request: EgressRequest): Promise<EgressDoor>;
}

export interface EgressSettings extends Pick<EgressProxySettings, 'resolve' | 'idleMs'> {
  /** Told hosts that were refused, for the operator. */
  alert(message: string): void;
}

/** Package managers open 15 to 50 at once; a task has several commands. */
const MOST_CONNECTIONS = 128;
/** A command that tries one host after the other says no more than this to model and log. */
const MOST_TOLD = 20;
const PREFIX = 'anyport-egress-';
/** The path of a socket has 107 bytes at most. */
const LONGEST_FOLDER = 60;

export function createEgress({ alert, ...proxy }: EgressSettings): Egress {
  const tasks = new Map<string, EgressSlots & { doors: number }>();
  let [folder, count]: [string | undefined, number] = [undefined, 0];

  const claim = (workspace: string): { readonly slots: EgressSlots; release(): void } => {
    const slots = tasks.get(workspace) ?? { most: MOST_CONNECTIONS, used: 0, doors: 0 };
    tasks.set(workspace, slots);
    slots.doors += 1;
    const release = (): void => {
      slots.doors -= 1;
      if (slots.doors === 0) tasks.delete(workspace);
    };
    return { slots, release };
  };

  return {
    async open({ lists, workspace, say }) {
      // Who tidies up a folder for temporary files may think that nobody uses it any more.
      if (folder === undefined || !existsSync(folder)) folder = makeFolder();
      count += 1;
      const socket = join(folder, `${count}.sock`);
      const { slots, release } = claim(workspace);
      const tell = onceEach(say);
      const log = onceEach((host) => alert(`a sandbox was refused a connection to ${host}`));
      const onRefusal: EgressProxySettings['onRefusal'] = ({ host, reason }) => {
        tell(reason);
        if (host !== undefined) log(host);
      };
      try {
        const { close } = await startEgressProxy({ ...proxy, lists, slots, socket, onRefusal });
        return { socket, close: () => close().finally(release) };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

function onceEach(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text) || told.size >= MOST_TOLD) return;
    told.add(text);
    tell(text);
  };
}

/** Its mode is 0700. It goes with the process; of one that was killed it is removed by the next. */
function makeFolder(): string {
  const base = tmpdir().length > LONGEST_FOLDER ? '/tmp' : tmpdir();
  const folder = mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const name of readdirSync(base)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    // Whoever may not remove it is not who made it.
    if (pid !== undefined && !isAlive(Number(pid)))
      void rm(join(base, name), { recursive: true, force: true }).catch(() => undefined);
  }
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // what `process.kill` throws
  }
}
