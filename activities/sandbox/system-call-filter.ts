/**
 * Which system calls the kernel refuses to commands, as a filter program for seccomp (seccomp(2), classic BPF): what opens ways into the
 * kernel that builds and tests don't need. Without it a command could make namespaces in which it is root, or reach the machine that hosts
 * this virtual one (AF_VSOCK knows no network namespaces).
 */
import { constants } from 'node:os';

interface Architecture {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  /** Numbers from here on are those of another interface to the same kernel (x32). */
  readonly end: number;
  readonly numbers: Readonly<Record<SystemCall, number>>;
}

const REFUSED = [
  ...[
    'setns',
    'mount',
    'umount2',
    'pivot_root',
    'open_tree',
    'move_mount',
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
    'mount_setattr',
  ],
  ...['bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  ...['keyctl', 'add_key', 'request_key', 'kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module'],
  ...['name_to_handle_at', 'open_by_handle_at', 'swapon', 'reboot', 'acct', 'quotactl'],
] as const;
type SystemCall = (typeof REFUSED)[number] | 'clone' | 'clone3' | 'unshare' | 'socket' | 'socketpair' | 'ioctl';

/** The same everywhere: calls that came after the tables were unified. */
const UNIFIED = {
  ...{ io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427, open_tree: 428, move_mount: 429, fsopen: 430 },
  ...{ fsconfig: 431, fsmount: 432, fspick: 433, clone3: 435, mount_setattr: 442 },
};

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    end: 0x40000000,
    numbers: {
      ...UNIFIED,
      ...{
        clone: 56,
        unshare: 272,
        setns: 308,
        mount: 165,
        umount2: 166,
        pivot_root: 155,
        ioctl: 16,
        socket: 41,
        socketpair: 53,
      },
      ...{ bpf: 321, perf_event_open: 298, userfaultfd: 323, keyctl: 250, add_key: 248, request_key: 249 },
      ...{ kexec_load: 246, kexec_file_load: 320, init_module: 175, finit_module: 313, delete_module: 176 },
      ...{ name_to_handle_at: 303, open_by_handle_at: 304, swapon: 167, reboot: 169, acct: 163, quotactl: 179 },
    },
  },
  arm64: {
    audit: 0xc00000b7,
    end: 0x40000000,
    numbers: {
      ...UNIFIED,
      ...{ clone: 220, unshare: 97, setns: 268, mount: 40, umount2: 39, pivot_root: 41, ioctl: 29, socket: 198, socketpair: 199 },
      ...{ bpf: 280, perf_event_open: 241, userfaultfd: 282, keyctl: 219, add_key: 217, request_key: 218 },
      ...{ kexec_load: 104, kexec_file_load: 294, init_module: 105, finit_module: 273, delete_module: 106 },
      ...{ name_to_handle_at: 264, open_by_handle_at: 265, swapon: 224, reboot: 142, acct: 89, quotactl: 60 },
    },
  },
};

/** CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET of linux/sched.h. */
const NEW_NAMESPACES = 0x7e020000;
/** CLONE_NEWTIME, which is a signal's number in the flags of `clone`. */
const NEW_TIME = 0x80;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: they see this network namespace alone. */
const FAMILIES = [1, 2, 10, 16];
/** TIOCSTI and TIOCLINUX type in the terminal of whoever reads it. */
const TYPING = [0x5412, 0x541c];

/** Offsets in `struct seccomp_data`; of an argument the lower half, which comes first on both architectures. */
const [NUMBER, AUDIT, ARGUMENT] = [0, 4, (index: number) => 16 + 8 * index];

const [LOAD, JUMP_EQUAL, JUMP_FROM, JUMP_ANY, RETURN] = [0x20, 0x15, 0x35, 0x45, 0x06];
const ALLOW = 0x7fff0000;
/** To the caller the call has failed with this error number. */
const failWith = (errorNumber: number): number => 0x00050000 | errorNumber;
const REFUSE = failWith(constants.errno.EPERM);
/** Libraries take another way then, whose arguments a filter can see. */
const UNKNOWN = failWith(constants.errno.ENOSYS);

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** The program for this machine as bubblewrap reads it; `undefined` where we don't know the numbers of its system calls. */
export function systemCallFilter(architecture: string = process.arch): Buffer | undefined {
  const known = ARCHITECTURES[architecture];
  if (known === undefined) return undefined;
  const { audit, end, numbers } = known;
  const program: readonly Instruction[] = [
    [LOAD, 0, 0, AUDIT],
    [JUMP_EQUAL, 1, 0, audit],
    [RETURN, 0, 0, UNKNOWN],
    [LOAD, 0, 0, NUMBER],
    [JUMP_FROM, 0, 1, end],
    [RETURN, 0, 0, UNKNOWN],
    ...REFUSED.flatMap((name) => when(numbers[name], [[RETURN, 0, 0, REFUSE]])),
    ...when(numbers.clone3, [[RETURN, 0, 0, UNKNOWN]]),
    ...when(numbers.clone, refuseIf(JUMP_ANY, 0, [NEW_NAMESPACES])),
    ...when(numbers.unshare, refuseIf(JUMP_ANY, 0, [NEW_NAMESPACES | NEW_TIME])),
    ...when(numbers.ioctl, refuseIf(JUMP_EQUAL, 1, TYPING)),
    ...[numbers.socket, numbers.socketpair].flatMap((number) => when(number, refuseUnless(FAMILIES))),
    [RETURN, 0, 0, ALLOW],
  ];
  return encode(program);
}

/** Leaves the number loaded for what follows. */
function when(number: number, then: readonly Instruction[]): readonly Instruction[] {
  return [[JUMP_EQUAL, 0, then.length, number], ...then];
}

function refuseIf(jump: number, argument: number, operands: readonly number[]): readonly Instruction[] {
  const tests = operands.map((operand, index): Instruction => [jump, operands.length - index, 0, operand]);
  return [[LOAD, 0, 0, ARGUMENT(argument)], ...tests, [RETURN, 0, 0, ALLOW], [RETURN, 0, 0, REFUSE]];
}

function refuseUnless(families: readonly number[]): readonly Instruction[] {
  const tests = families.map((family, index): Instruction => [JUMP_EQUAL, families.length - index, 0, family]);
  return [[LOAD, 0, 0, ARGUMENT(0)], ...tests, [RETURN, 0, 0, REFUSE], [RETURN, 0, 0, ALLOW]];
}

/** `struct sock_filter`: two bytes, one, one and four. */
function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [index, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(ifTrue, 8 * index + 2);
    bytes.writeUInt8(ifFalse, 8 * index + 3);
    bytes.writeUInt32LE(operand >>> 0, 8 * index + 4);
  }
  return bytes;
}
