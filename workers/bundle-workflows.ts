/** Bundles the workflows once for each state of their code, so that a restarted worker is up in a fraction of the time. */
import { bundleWorkflowCode } from '@temporalio/worker';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKFLOWS_DIRECTORY = fileURLToPath(new URL('../workflows/', import.meta.url));
/** Where tools of this ecosystem keep what can be made anew. */
const CACHE_DIRECTORY = fileURLToPath(new URL('../node_modules/.cache/anyport/', import.meta.url));

/** Gives the path of the bundle of the workflows as they are now. */
export async function bundleWorkflows(): Promise<{ readonly codePath: string }> {
  const codePath = join(CACHE_DIRECTORY, `workflows-${await hashOfSources()}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(WORKFLOWS_DIRECTORY, 'index.ts'),
    logger: { log: noLog, trace: noLog, debug: noLog, info: noLog, warn: noLog, error: console.error },
  });
  await mkdir(CACHE_DIRECTORY, { recursive: true });
  const draft = `${codePath}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
}

async function hashOfSources(): Promise<string> {
  const names = await readdir(WORKFLOWS_DIRECTORY, { recursive: true });
  const hash = createHash('sha256').update(sdkVersion());
  for (const name of names.filter((file) => file.endsWith('.ts')).toSorted()) {
    hash.update(name).update(await readFile(join(WORKFLOWS_DIRECTORY, name)));
  }
  return hash.digest('hex').slice(0, 32);
}

/** The SDK is part of the bundle. */
function sdkVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('@temporalio/workflow/package.json');
  return JSON.stringify(manifest);
}

function noLog(): void {
  // Webpack's progress is of no use to an operator.
}
