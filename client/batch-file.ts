/** Reads a JSONL file of tasks as a stream: 100,000 lines take no more memory than one. */
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import type { TaskRequest } from '../workflows/activity-interfaces.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import { TaskClientError } from './task-client-error.ts';
import { parseTaskRequest, TaskRequestError } from './task-request.ts';

/** A line of the file that is not blank; lines count from 1. */
export type BatchFileLine =
  | {
      readonly kind: 'task';
      readonly line: number;
      readonly id: string | null;
      readonly request: TaskRequest;
    }
  | { readonly kind: 'bad'; readonly line: number; readonly problem: string };

interface RawLine {
  readonly line: number;
  /** null: longer than a line may be. */
  readonly bytes: Buffer | null;
}

/** A chunk of lines travels in one Temporal payload of at most 2 MB, so a line must fit into half of it. */
export const LONGEST_LINE_BYTES = 1_000_000;
const LINE_FEED = 0x0a;
/** Two or three mistakes of one line; up to 1,000 of these are kept in the batch's history. */
const LONGEST_PROBLEM_CHARACTERS = 300;
const LONGEST_ID_CHARACTERS = 200;

/** Yields each line as a task or as a problem; `hash` takes every byte of the file. @throws TaskClientError `invalid-file` */
export async function* readBatchFile(path: string, hash?: Hash): AsyncGenerator<BatchFileLine, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for await (const raw of splitLines(path, hash)) {
      const line = readLine(raw, decoder);
      if (line !== null) yield line;
    }
  } catch (error) {
    throw toFileError(error, path);
  }
}

async function* splitLines(path: string, hash: Hash | undefined): AsyncGenerator<RawLine, void> {
  let line = 1;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(path)) {
    // A stream without an encoding gives buffers; its type does not say so.
    let rest = chunk as Buffer;
    hash?.update(rest);
    for (let end = rest.indexOf(LINE_FEED); end !== -1; end = rest.indexOf(LINE_FEED)) {
      length += end;
      yield {
        line,
        bytes: length > LONGEST_LINE_BYTES ? null : Buffer.concat([...parts, rest.subarray(0, end)]),
      };
      line += 1;
      parts = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    length += rest.length;
    // What is too long is counted, not kept.
    if (length <= LONGEST_LINE_BYTES) parts.push(rest);
    else parts = [];
  }
  if (length > 0) yield { line, bytes: length > LONGEST_LINE_BYTES ? null : Buffer.concat(parts) };
}

/** null: a blank line. */
function readLine({ line, bytes }: RawLine, decoder: TextDecoder): BatchFileLine | null {
  if (bytes === null) return bad(line, `is longer than ${LONGEST_LINE_BYTES} bytes`);
  try {
    // Windows editors begin a file with a byte order mark and end its lines with a carriage return.
    const text = decoder
      .decode(bytes)
      .replace(/^\uFEFF/, '')
      .trim();
    return text === '' ? null : readTask(line, text);
  } catch (error) {
    if (error instanceof TypeError) return bad(line, 'is not UTF-8 text');
    throw error;
  }
}

function readTask(line: number, text: string): BatchFileLine {
  const value = parseJson(text);
  if (value === undefined) return bad(line, 'is not JSON: each line is one object, such as {"prompt":"…","model":"gpt-6.1-sol"}');
  try {
    const { id, rest } = takeId(value);
    return { kind: 'task', line, id, request: parseTaskRequest(asKind(rest)) };
  } catch (error) {
    if (error instanceof TaskRequestError) return bad(line, error.message.replaceAll('\n', '; '));
    throw error;
  }
}

/** The caller's own name of a line; the results can show it again. */
function takeId(value: unknown): { readonly id: string | null; readonly rest: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('id' in value)) return { id: null, rest: value };
  const { id, ...rest } = value;
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID_CHARACTERS) {
    throw new TaskRequestError(`id is a text of 1 to ${LONGEST_ID_CHARACTERS} characters`);
  }
  return { id, rest };
}

/** What the line says it is becomes a part of what it asks for. */
function asKind(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('kind' in value)) return value;
  const { kind, ...request } = value;
  if (kind === 'managed-agent') return { ...request, managed: true };
  if (kind === 'task') return request;
  throw new TaskRequestError(
    `kind is ${toPrintable(JSON.stringify(kind), LONGEST_ID_CHARACTERS)}: write "task" or "managed-agent", or leave it out`,
  );
}

/** `undefined` when it is no JSON: JSON has no such value. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bad(line: number, problem: string): BatchFileLine {
  return { kind: 'bad', line, problem: toPrintable(problem, LONGEST_PROBLEM_CHARACTERS) };
}

function toFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const words: Record<string, string> = {
    ENOENT: 'does not exist',
    EISDIR: 'is a folder: name a file with one JSON task per line',
    EACCES: 'may not be read by this user',
  };
  const problem = words[String(error.code)];
  return problem === undefined ? error : new TaskClientError('invalid-file', `the file ${path} ${problem}`, { cause: error });
}
