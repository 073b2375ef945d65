/** Fetches a file of a published package into the cache folder, once per version. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withLock } from '../../scripts/bootstrap/process-lock.mjs';
import { runStep, say } from '../../scripts/bootstrap/progress.mjs';
import { runProgram } from '../../scripts/bootstrap/run-program.mjs';
import { cacheDirectory } from '../../scripts/temporal-binary.mjs';
import type { OraclePackage } from './oracle-packages.ts';

/** Answers within a second; without internet nobody wants to wait for npm's five minutes and two more tries. */
const ANSWER_TIMEOUT_MS = 10_000;

export type Oracle = { readonly kind: 'found'; readonly path: string } | { readonly kind: 'missing'; readonly reason: string };

/** `missing` when the registry can't be reached, which is said aloud. @throws when it can, and something else is wrong */
export async function provideOracle(wanted: OraclePackage | undefined): Promise<Oracle> {
  const oracle = await findOrFetch(wanted);
  if (oracle.kind === 'missing') process.stdout.write(`tests are skipped for want of an oracle: ${oracle.reason}\n`);
  return oracle;
}

async function findOrFetch(wanted: OraclePackage | undefined): Promise<Oracle> {
  if (wanted === undefined) return { kind: 'missing', reason: `nothing is published for ${process.platform}-${process.arch}` };
  const folder = join(cacheDirectory(), 'oracles', wanted.spec.replaceAll('/', '-'));
  const path = join(folder, basename(wanted.member));
  if (existsSync(path)) return { kind: 'found', path };
  const unreachable = await whyUnreachable(wanted);
  if (unreachable !== undefined) return { kind: 'missing', reason: unreachable };
  const onWait = (pid: number): void => say(`another test run (process ${pid}) fetches ${wanted.spec}, waiting for it`);
  await withLock(`${folder}.lock`, onWait, async () => {
    if (!existsSync(path))
      await runStep(`download of ${wanted.spec} (${wanted.size}), to compare with`, () => fetchInto(folder, wanted));
  });
  return { kind: 'found', path };
}

async function whyUnreachable({ spec }: OraclePackage): Promise<string | undefined> {
  const limits = ['--fetch-retries=0', `--fetch-timeout=${ANSWER_TIMEOUT_MS}`];
  try {
    await runProgram('npm', ['view', spec, 'dist.integrity', '--loglevel=error', ...limits]);
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const [line = words] = words.match(/E[A-Z]{4,}|request to .*|getaddrinfo .*/) ?? [];
    return `the npm registry does not give ${spec}: ${line.trim()}`;
  }
}

async function fetchInto(folder: string, { spec, integrity, member }: OraclePackage): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.new-`);
  try {
    await runProgram('npm', ['pack', spec, `--pack-destination=${draft}`, '--loglevel=error']);
    const [archive = ''] = await readdir(draft);
    const actual = await integrityOf(join(draft, archive));
    if (actual !== integrity) throw new Error(`${spec} has the integrity ${actual}, not ${integrity}`);
    const kept = join(draft, 'kept');
    await mkdir(kept);
    const depth = dirname(member).split('/').length;
    await runProgram('tar', ['-xzf', join(draft, archive), '-C', kept, `--strip-components=${depth}`, member]);
    await rename(kept, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function integrityOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}
