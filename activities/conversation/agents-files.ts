/**
 * The project's own instructions: one AGENTS.md for each folder from the repository's root down to the one that a task is about. In each folder
 * AGENTS.override.md comes first, as a person's private stand-in for the other. What they say is what somebody committed, so it is
 * read with as much care as any file of a workspace, and never more of it than fits.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { resolveInWorkspace } from '../tools/workspace-path.ts';

/** The instructions of one folder; `folder` and `path` with `/`, from the root. */
export type AgentsFile =
  | {
      readonly kind: 'read';
      readonly folder: string;
      readonly path: string;
      readonly text: string;
      /** Set when `text` is the beginning alone. */
      readonly cut?: { readonly shownBytes: number; readonly wholeBytes: number };
    }
  | { readonly kind: 'left-out'; readonly folder: string; readonly path: string; readonly reason: string };

/** Of a folder the first that is there and not empty counts. */
const NAMES = ['AGENTS.override.md', 'AGENTS.md'] as const;
/** About 8,000 tokens, sent with every turn; the same limit as other programs that read these files. */
const MOST_BYTES = 32 * 1024;

/**
 * From the root down, so that the deeper ones come later and win. When they are longer than the limit together, the deepest keep
 * their text: they are about the very files that the task is about.
 */
export async function readAgentsFiles(workspace: string, folder: string, mostBytes = MOST_BYTES): Promise<readonly AgentsFile[]> {
  const found: FoundFile[] = [];
  for (const each of foldersDownTo(folder)) found.push(...(await findIn(workspace, each, mostBytes)));
  // Several names may lead to one file by links: it is told once, for the widest folder.
  const distinct = found.filter((file, index) => found.findIndex(({ absolute }) => absolute === file.absolute) === index);
  return fit(distinct, mostBytes);
}

/** `a/b` -> `.`, `a`, `a/b`. */
function foldersDownTo(folder: string): readonly string[] {
  const parts = posix
    .normalize(folder)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  return ['.', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}

interface FoundFile {
  readonly folder: string;
  readonly path: string;
  readonly absolute: string;
  readonly content: Content;
}

type Content =
  | { readonly kind: 'text'; readonly text: string; readonly wholeBytes: number; readonly isWhole: boolean }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The one that counts, and those before it that are there but cannot be read. */
async function findIn(workspace: string, folder: string, mostBytes: number): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const name of NAMES) {
    const path = posix.join(folder, name);
    const place = await resolveInWorkspace(workspace, path);
    const content: Content | undefined =
      place.kind === 'refused' ? { kind: 'unreadable', reason: place.reason } : await readBeginning(place.absolute, mostBytes);
    const absolute = place.kind === 'refused' ? path : place.absolute;
    if (content === undefined || (content.kind === 'text' && content.text.trim() === '')) continue;
    found.push({ folder, path, absolute, content });
    if (content.kind === 'text') break;
  }
  return found;
}

/** A regular file alone: a pipe or device is found out without waiting for someone to write to it. `undefined`: not there. */
async function readBeginning(path: string, mostBytes: number): Promise<Content | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const status = await handle.stat();
      if (!status.isFile()) return { kind: 'unreadable', reason: 'it is no regular file' };
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
      const isWhole = bytesRead >= status.size;
      return { kind: 'text', text: decode(buffer.subarray(0, bytesRead), isWhole), wholeBytes: status.size, isWhole };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return { kind: 'unreadable', reason: `it cannot be read (${String(code ?? error)})` };
  }
}

/** Another encoding than UTF-8 leaves marks where it differs; instructions in Latin-1 are still read. No store takes a NUL. */
function decode(bytes: Buffer, isWhole: boolean): string {
  return new TextDecoder('utf-8').decode(bytes, { stream: !isWhole }).replaceAll('\0', '\u{FFFD}');
}

/** The limit is spent from the deepest folder up. */
function fit(found: readonly FoundFile[], mostBytes: number): readonly AgentsFile[] {
  let room = mostBytes;
  const fitted = found.toReversed().map(({ folder, path, content }): AgentsFile => {
    if (content.kind === 'unreadable') return { kind: 'left-out', folder, path, reason: content.reason };
    const { wholeBytes } = content;
    const text = cutToBytes(content.text, room);
    const shownBytes = Buffer.byteLength(text);
    room -= shownBytes;
    if (shownBytes === 0) return { kind: 'left-out', folder, path, reason: `the files below take all of the ${mostBytes} bytes` };
    const isCut = !content.isWhole || text.length < content.text.length;
    return { kind: 'read', folder, path, text, ...(isCut ? { cut: { shownBytes, wholeBytes } } : {}) };
  });
  return fitted.toReversed();
}

function cutToBytes(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  // Streaming keeps the beginning of a character that is cut in two to itself.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, Math.max(mostBytes, 0)), { stream: true });
}
