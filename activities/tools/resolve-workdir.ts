import { stat } from 'node:fs/promises';
import type { WorkspacePath } from './workspace-path.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** The folder that a command runs in; models know the absolute path of the workspace from `pwd` and use it. */
export async function resolveWorkdir(workspace: string, workdir: string): Promise<WorkspacePath> {
  const isAbsolute = workdir === workspace || workdir.startsWith(`${workspace}/`);
  const place = await resolveInWorkspace(workspace, isAbsolute ? workdir.slice(workspace.length + 1) || '.' : workdir);
  if (place.kind === 'refused') return { kind: 'refused', reason: `workdir: ${place.reason}.` };
  const status = await stat(place.absolute).catch(() => undefined);
  return status?.isDirectory() === true
    ? place
    : { kind: 'refused', reason: `workdir: "${workdir}" is no folder in the workspace.` };
}
