/** What hostile commands try, and how far they come. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findControlGroups } from '../../activities/sandbox/control-groups.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import { isRunning, uniqueSleep } from '../tools/tool-scene.ts';
import { WORKERS } from './command-scene.ts';

const probe = await probeBubblewrap();
/** An ordinary user has them where they were delegated. */
const { held } = findControlGroups();
const skip = probe.kind === 'usable' ? '' : ` (skipped: ${probe.reason})`;

/** A line for each attempt that came through. */
const THROUGH = /^THROUGH .*$/gm;

describe.skipIf(skip !== '').each(WORKERS)(`commands of a worker that is $name${skip}`, (worker) => {
  test('reach no network: not this host, its sockets, the machine that hosts it, nor a name server', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    let connections = 0;
    server.on('connection', () => (connections += 1));
    const { port } = server.address() as AddressInfo; // It listens on TCP.
    const local = createServer().listen(join(worker.folder(), '../host.sock'));
    await once(local, 'listening');
    onTestFinished(() => void local.close());
    const abstract = createServer().listen('\0anyport-attack');
    await once(abstract, 'listening');
    onTestFinished(() => void abstract.close());
    for (const one of [local, abstract]) one.on('connection', () => (connections += 1));

    const { output } = await worker.run(`
      for host in 127.0.0.1 169.254.169.254 10.0.0.1 1.1.1.1; do
        timeout 2 bash -c "exec 3<>/dev/tcp/$host/${port}" 2>/dev/null && echo THROUGH tcp $host
        timeout 2 bash -c "exec 3<>/dev/tcp/$host/80" 2>/dev/null && echo THROUGH tcp $host:80
      done
      timeout 2 bash -c 'echo x >/dev/udp/1.1.1.1/53' 2>/dev/null && echo THROUGH udp
      timeout 2 getent hosts example.com && echo THROUGH name
      perl -e '
        for (17, 38, 40) { socket(my $s, $_, $_ == 17 ? 3 : 1, 0) and print "THROUGH family $_\\n" }
        socket(my $u, 1, 1, 0); connect($u, pack("Sa*", 1, "\\0anyport-attack")) and print "THROUGH abstract\\n";
        socket(my $f, 1, 1, 0); connect($f, pack("Sa*", 1, ${JSON.stringify(join(worker.folder(), '../host.sock'))})) and print "THROUGH unix\\n";
      '; perl -v >/dev/null && echo tried`);

    expect(output.match(THROUGH)).toBeNull();
    expect(output.trim().split('\n').at(-1)).toBe('tried');
    expect(connections).toBe(0);
  });

  test('find no secret: not in the environment, in /proc, in files of the host, nor in its list of users', async () => {
    vi.stubEnv('ANYPORT_TEST_SECRET', 'hush-hush');
    onTestFinished(() => void vi.unstubAllEnvs());
    const tree = worker.folder();
    writeFileSync(join(tree, '../secret'), 'hush-hush\n');
    const sleep = uniqueSleep();

    const { output } = await worker.run(
      `env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -a 'hush[-]' && echo THROUGH environ
       cat ../secret; cat /etc/shadow /proc/kcore /proc/keys /dev/mem 2>/dev/null | head -c 100 && echo
       ls /root /home /var /run /sys /proc/1/root/ /proc/1/cwd/ 2>/dev/null
       find / -xdev -name '*.sock' -o -xdev -name 'anyport.db' 2>/dev/null | grep -v '^/usr'
       grep -c . /etc/passwd; id -un; ls /proc | grep -c '^[0-9]'; : ${sleep}`,
      { workspace: tree },
    );

    expect(output).not.toContain('hush');
    expect(output).not.toContain('THROUGH');
    const [users, name, processes] = output.trim().split('\n').slice(-3);
    expect([users, name]).toEqual(['3', 'anyport']);
    // Its own shell, the two ends of the pipe, and what the sandbox itself needs.
    expect(Number(processes)).toBeLessThanOrEqual(6);
  });

  test('write nowhere but in the workspace and in memory', async () => {
    const tree = worker.folder();
    const { output } = await worker.run(
      `for place in / /etc /usr /usr/local /bin /opt /proc/sys/kernel /sys /dev /var /root; do
         (: > $place/anyport-attack) 2>/dev/null && echo THROUGH $place
       done
       (echo "|/bin/true" > /proc/sys/kernel/core_pattern) 2>/dev/null && echo THROUGH core_pattern
       (echo b > /proc/sysrq-trigger) 2>/dev/null && echo THROUGH sysrq
       (echo 1 > /proc/sys/net/ipv4/ip_forward) 2>/dev/null && echo THROUGH ip_forward
       mknod disk b 254 0 2>/dev/null && echo THROUGH device
       (: > ../mine) 2>/dev/null; : > mine && : > /tmp/mine && : > /dev/shm/mine && echo fine`,
      { workspace: tree },
    );

    expect(output.trim()).toBe('fine');
    expect(existsSync(join(tree, 'mine'))).toBe(true);
    expect([existsSync('/tmp/mine'), existsSync(join(tree, '../mine'))]).toEqual([false, false]);
  });

  test('gain no rights: no capability, no namespace, no mount, no keyring, no other process', async () => {
    const tree = worker.folder();
    const { output } = await worker.run(
      `grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | grep -v 0000000000000000$ && echo THROUGH capability
       grep -E '^NoNewPrivs' /proc/self/status | grep -v 1$ && echo THROUGH privileges
       for kind in -U -n -m -p -i -u -C; do unshare $kind true 2>/dev/null && echo THROUGH unshare $kind; done
       mount -t tmpfs none /tmp 2>/dev/null && echo THROUGH mount
       cat /proc/1/environ >/dev/null 2>&1 && [ "$(id -u)" != "$(stat -c %u /proc/1)" ] && echo THROUGH init
       cp /bin/bash shell && chmod 6755 shell && ./shell -p -c 'id -u' | grep -vx 65530 && echo THROUGH set-user-id
       perl -e '
         $calls = $^O eq "linux" && qx(uname -m) =~ /x86_64/ ? { bpf => 321, perf => 298, keyctl => 250, uring => 425, userfaultfd => 323, setns => 308, x32 => 0x40000027 }
           : { bpf => 280, perf => 241, keyctl => 219, uring => 425, userfaultfd => 282, setns => 268 };
         for (sort keys %$calls) { $! = 0; syscall($calls->{$_}, 0, 0, 0, 0, 0) >= 0 and print "THROUGH $_\\n"; $!{EPERM} || $!{ENOSYS} or print "THROUGH $_: $!\\n" }
       '
       ls -ln shell | cut -d ' ' -f 3; echo fine`,
      { workspace: tree },
    );

    expect(output.match(THROUGH)).toBeNull();
    expect(output.trim().split('\n').at(-1)).toBe('fine');
    // What it leaves behind is nobody's, least of all root's.
    expect(statSync(join(tree, 'shell')).uid).not.toBe(0);
  });

  test('do not reach out of the workspace by links', async () => {
    const tree = worker.folder();
    writeFileSync(join(tree, '../secret'), 'hush-hush\n');
    symlinkSync(join(tree, '../secret'), join(tree, 'given'));

    const { output } = await worker.run(
      `cat given; ln -s "${join(tree, '../secret')}" made && cat made; ln ../secret hard && echo THROUGH hard
       ln /etc/passwd hard && echo THROUGH passwd; ln -s / root && cat root/root/.bashrc root/etc/shadow; echo x > made`,
      { workspace: tree },
    );

    expect(output).not.toContain('hush');
    expect(output.match(THROUGH)).toBeNull();
    expect(readFileSync(join(tree, '../secret'), 'utf8')).toBe('hush-hush\n');
  });

  test('leave nothing running, whatever they fork, detach and ignore', async () => {
    const sleep = uniqueSleep();

    const result = await worker.run(
      `trap '' TERM HUP INT; setsid ${sleep} & (setsid setsid ${sleep} &) & nohup ${sleep} >/dev/null 2>&1 &
       perl -e 'fork and exit; require POSIX; POSIX::setsid(); fork and exit; exec qw(${sleep})' & sleep 0.5; pgrep -c sleep; exit 0`,
    );

    expect(result.end).toEqual({ kind: 'exited', code: 0 });
    expect(Number(result.output.trim())).toBeGreaterThanOrEqual(4);
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false));
  });

  test('that fork without end are held, and end with their time', async () => {
    const sleep = uniqueSleep();
    const script = `perl -e '$n = 0; while (defined($child = fork)) { $child or exec "${sleep}"; $n++ } print "$n\n"'`;

    const { output } = await worker.run(`${script}; exit 0`, { limits: { processes: 200 } });

    const most = worker.name === 'root' && held.pids !== undefined ? 200 : 4_096;
    expect(Number.parseInt(output, 10)).toBeLessThan(most);
    expect(/it may have 200 processes and threads at one time; \d+ more were refused/.test(output)).toBe(most === 200);
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false));
  });

  test('that print without end are ended at their limit, of which the memory keeps 1 MiB', async () => {
    const tree = worker.folder();
    const result = await worker.run('head -c 10G /dev/zero; echo never', {
      workspace: tree,
      limits: { outputBytes: 32 * 1024 ** 2 },
    });

    expect(result.end).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    expect(result.output).toMatch(/it may print 32 MiB, and was killed\.\n$/);
    expect(result.output.length).toBeLessThanOrEqual(1024 ** 2);
    expect(result.outputBytes).toBeLessThan(34 * 1024 ** 2);
  });

  test('that fill /tmp and /dev/shm find them full at 1 GiB', async () => {
    const { output } = await worker.run(
      'for place in /tmp /dev/shm; do df -B1 --output=size $place | tail -n 1; (head -c 1100M /dev/zero > $place/x) 2>&1 | grep -o "No space"; rm $place/x; done',
    );

    expect(
      output
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['1073741824', 'No space', '1073741824', 'No space']);
  });
});

describe.skipIf(skip !== '')(`a workspace's git folder${skip}`, () => {
  test.each(WORKERS)('is only read by commands of a worker that is $name', async (worker) => {
    const tree = worker.folder();
    const [git, objects] = [join(tree, '../git'), join(tree, '../borrowed')];
    execFileSync('git', ['init', '--quiet', '--bare', git]);
    mkdirSync(objects, { recursive: true });
    mkdirSync(join(git, 'objects/info'), { recursive: true });
    writeFileSync(join(git, 'objects/info/alternates'), `${objects}\n`);
    writeFileSync(join(tree, '.git'), `gitdir: ${git}\n`);
    const before = execFileSync('find', [git, objects, '-newer', join(git, 'HEAD'), '-type', 'f'], { encoding: 'utf8' });

    const { output } = await worker.run(
      `(: > .git) 2>/dev/null && echo THROUGH pointer; rm -f .git 2>/dev/null && echo THROUGH remove; mv .git x 2>/dev/null && echo THROUGH move
       git config core.hooksPath . 2>/dev/null && echo THROUGH config
       for place in ${[git, join(git, 'hooks'), join(git, 'objects'), objects].map((path) => `"${path}"`).join(' ')}; do
         (: > "$place/attack") 2>/dev/null && echo THROUGH $place
       done; cat .git`,
      { workspace: tree },
    );

    expect(output.trim()).toBe(`gitdir: ${git}`);
    expect(lstatSync(join(tree, '.git')).isFile()).toBe(true);
    expect(execFileSync('find', [git, objects, '-newer', join(git, 'HEAD'), '-type', 'f'], { encoding: 'utf8' })).toBe(before);
  });
});

test.skipIf(skip !== '' || held.memory === undefined || WORKERS[0]?.name !== 'root')(
  `commands that take more memory than they may are ended, the worker is not${skip}`,
  async () => {
    const [worker] = WORKERS;
    const hungry = `perl -e '$all = ""; $all .= "x" x 1048576 while 1'; echo "ended $?"; exit 0`;

    const result = await worker?.run(hungry, { limits: { memoryBytes: 128 * 1024 ** 2 } });

    expect(result?.end).toEqual({ kind: 'exited', code: 0 });
    expect(result?.output).toContain('ended 137');
    expect(result?.output).toMatch(/it may use 128 MiB of memory; \d+ of its processes were killed for more/);
  },
);
