/** The file by which a running local stack (`anyport dev`) tells clients where it is. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const devStackSchema = z.object({
  temporalAddress: z.string().min(1),
  uiAddress: z.string().min(1).nullable().optional(),
  namespace: z.string().min(1).optional(),
  pid: z.int().positive(),
});

export type DevStack = z.infer<typeof devStackSchema>;

/** The stack of this data folder; `undefined` when none runs, also when one was killed and left its file behind. */
export async function findDevStack(dataDirectory: string): Promise<DevStack | undefined> {
  try {
    const stack = devStackSchema.parse(JSON.parse(await readFile(join(dataDirectory, 'dev.json'), 'utf8')));
    return isAlive(stack.pid) ? stack : undefined;
  } catch {
    // No file, or one that is just being written: no stack to be found.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
