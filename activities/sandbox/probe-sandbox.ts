/** Whether commands can be confined here, and how well: found by running one just as a task would, and looking around from within. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMAND_UID, commandUser } from '../command-user.ts';
import { findControlGroups } from './control-groups.ts';
import { createSandbox } from './create-sandbox.ts';
import type { CommandResult, SandboxProbe } from './sandbox.ts';
import { systemCallFilter } from './system-call-filter.ts';

/** It takes 40 ms; this is for a machine that is starting up. */
const PROBE_TIMEOUT_MS = 10_000;
/** Each line is a `key: value`. */
const LOOK_AROUND = [
  ': > written || exit 1',
  'echo "Uid: $(id -u)"',
  "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status",
  // Two lines of headings come before the loopback device.
  'echo "Devices: $(($(wc -l < /proc/net/dev) - 2))"',
  '(: > /written) 2>/dev/null && echo "Root: writable" || echo "Root: closed"',
].join('\n');
/** What must be found from within. */
const EXPECTED: Readonly<Record<string, string>> = {
  Uid: String(COMMAND_UID),
  CapEff: '0000000000000000',
  NoNewPrivs: '1',
  Seccomp: systemCallFilter() === undefined ? '0' : '2',
  Devices: '1',
  Root: 'closed',
};

export async function probeBubblewrap(): Promise<SandboxProbe> {
  const user = commandUser();
  if (user.kind === 'none') return { kind: 'unusable', reason: user.reason, remedy: user.remedy };
  const workspace = await realpath(await mkdtemp(join(tmpdir(), 'anyport-probe-')));
  try {
    const result = await createSandbox('bubblewrap').run({
      argv: ['/bin/sh', '-c', LOOK_AROUND],
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

function judge({ end, output }: CommandResult): SandboxProbe {
  const said = output.trim();
  if (end.kind === 'timed-out') return unusable(`bubblewrap did not answer within ${PROBE_TIMEOUT_MS / 1000} s`);
  if (end.kind !== 'exited' || end.code !== 0)
    return unusable(said === '' ? `bubblewrap ended with ${JSON.stringify(end)}` : said);
  const found = Object.fromEntries(said.split('\n').map((line) => line.split(/:\s*/, 2)));
  const wrong = Object.entries(EXPECTED).filter(([key, value]) => found[key] !== value);
  if (wrong.length > 0) {
    const list = wrong.map(([key, value]) => `${key} ${found[key] ?? 'unknown'} instead of ${value}`);
    return unusable(`a command in it finds ${list.join(', ')}`);
  }
  const { held } = findControlGroups();
  const unlimited = (['memory', 'pids'] as const).filter((controller) => held[controller] === undefined);
  return {
    kind: 'usable',
    detail: describeConfinement(held),
    ...(unlimited.length === 0 ? {} : { weakness: describeWeakness(unlimited) }),
  };
}

function describeConfinement(held: ReturnType<typeof findControlGroups>['held']): string {
  const who = commandUser().kind === 'own' ? `user ${COMMAND_UID}` : "the worker's user, renamed";
  const calls = systemCallFilter() === undefined ? 'system calls not filtered on this machine' : 'system calls filtered';
  const groups = Object.entries(held).map(
    ([controller, version]) => `${controller === 'pids' ? 'processes' : controller} (v${version})`,
  );
  return [who, 'no network device', calls, ...(groups.length === 0 ? [] : [`control groups for ${groups.join(' and ')}`])].join(
    ', ',
  );
}

function describeWeakness(controllers: readonly ('memory' | 'pids')[]): SandboxWeakness {
  const names = controllers.map((controller) => (controller === 'pids' ? 'processes' : controller)).join(' and ');
  return {
    words: `${names} of a command are not limited by control groups`,
    remedy: 'let the worker make control groups (systemd: Delegate=yes in its unit; as root: a writable /sys/fs/cgroup)',
  };
}

type SandboxWeakness = NonNullable<Extract<SandboxProbe, { kind: 'usable' }>['weakness']>;

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
