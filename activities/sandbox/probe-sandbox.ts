import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from './create-sandbox.ts';
import type { CommandResult, SandboxProbe } from './sandbox.ts';

/** It takes 40 ms; this is for a machine that is starting up. */
const PROBE_TIMEOUT_MS = 10_000;
const WORD = 'confined';

/** Runs a command in bubblewrap just as a task would, so that what it says holds for tasks. */
export async function probeBubblewrap(): Promise<SandboxProbe> {
  const workspace = await realpath(await mkdtemp(join(tmpdir(), 'anyport-probe-')));
  try {
    const result = await createSandbox('bubblewrap').run({
      argv: ['/bin/sh', '-c', `: > written && echo ${WORD}`],
      workspace,
      workingDirectory: workspace,
      timeoutMs: PROBE_TIMEOUT_MS,
      signal: new AbortController().signal,
    });
    return judge(result);
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error));
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

function judge({ end, output, wallTimeMs }: CommandResult): SandboxProbe {
  const said = output.trim();
  if (end.kind === 'exited' && end.code === 0 && said === WORD) {
    return { kind: 'usable', detail: `bubblewrap ran a command without network in ${wallTimeMs} ms` };
  }
  if (end.kind === 'timed-out') return unusable(`bubblewrap did not answer within ${PROBE_TIMEOUT_MS / 1000} s`);
  return unusable(said === '' ? `bubblewrap ended with ${JSON.stringify(end)}` : said);
}

function unusable(reason: string): SandboxProbe {
  if (reason.includes('ENOENT')) {
    return {
      kind: 'unusable',
      reason: 'bubblewrap (bwrap) is not installed',
      remedy: 'install it (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install bubblewrap)',
    };
  }
  return {
    kind: 'unusable',
    reason: `bubblewrap does not work here: ${reason}`,
    remedy:
      'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu also ' +
      'kernel.apparmor_restrict_unprivileged_userns=0; in a container: --security-opt seccomp=unconfined --security-opt systempaths=unconfined)',
  };
}
