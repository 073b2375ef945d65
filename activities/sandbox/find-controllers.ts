/** Where this process may make control groups: in the hierarchies of version 1, in the unified one, or, of either's controllers, in both. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const CONTROLLERS = ['pids', 'memory'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** A folder in which groups with this controller can be made. */
export interface ControllerPlace {
  readonly version: 1 | 2;
  readonly folder: string;
}

interface Mount {
  /** The part of the hierarchy that is mounted here. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `undefined` where this process may not make groups with it. Nothing is changed but what delegation asks for. */
export function findController(controller: Controller): ControllerPlace | undefined {
  const mounts = readMounts();
  const first = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
  if (first !== undefined) {
    const folder = ownFolder(first, controller);
    return folder !== undefined && isWritable(folder) ? { version: 1, folder } : undefined;
  }
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  const folder = unified === undefined ? undefined : ownFolder(unified, '');
  if (unified === undefined || folder === undefined) return undefined;
  const delegated = pathUpTo(folder, unified.point).find((candidate) => hands(candidate, controller));
  return delegated === undefined ? undefined : { version: 2, folder: delegated };
}

function readMounts(): readonly Mount[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [, , , root = '', point = ''] = left.split(' ');
      const [type = '', , options = ''] = right.split(' ');
      return type.startsWith('cgroup') ? [{ root, point, type, options: options.split(',') }] : [];
    });
}

/** The folder of the group that this process is in; in a container the mount may begin below the hierarchy's top. */
function ownFolder({ root, point }: Mount, controller: string): string | undefined {
  const entries = read('/proc/self/cgroup')
    .split('\n')
    .map((line) => line.split(':'));
  const own = entries
    .find(([, controllers = '']) => controllers.split(',').includes(controller))
    ?.slice(2)
    .join(':');
  if (own === undefined) return undefined;
  const below = relative(root, own);
  const folder = below.startsWith('..') ? point : join(point, below);
  return existsSync(folder) ? folder : undefined;
}

/** From the folder to the mount's top, both included. */
function pathUpTo(folder: string, top: string): readonly string[] {
  return folder === top || folder === '/' ? [folder] : [folder, ...pathUpTo(dirname(folder), top)];
}

/**
 * Whether groups below the folder get the controller, asking for it where that was not done. A group with processes of its own cannot hand
 * on (but at the very top); then the one above it may.
 */
function hands(folder: string, controller: Controller): boolean {
  if (!isWritable(folder) || !wordsOf(join(folder, 'cgroup.controllers')).includes(controller)) return false;
  const handedOn = join(folder, 'cgroup.subtree_control');
  if (!wordsOf(handedOn).includes(controller)) {
    try {
      writeFileSync(handedOn, `+${controller}`);
    } catch {
      return false;
    }
  }
  return canHoldGroups(folder);
}

function canHoldGroups(folder: string): boolean {
  const trial = join(folder, `anyport-trial-${process.pid}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
    return true;
  } catch {
    return false;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function wordsOf(file: string): readonly string[] {
  return read(file).trim().split(/\s+/);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
