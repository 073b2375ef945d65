/** `dev.json` in the data folder: where the local stack of that folder is, for whoever wants to talk to it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DevRecord {
  readonly temporalAddress: string;
  /** Null when the Temporal server is not ours: we cannot know where its UI is. */
  readonly uiAddress: string | null;
  readonly namespace: string;
  /** Of the stack's own process; the record is stale when that is gone. */
  readonly pid: number;
  readonly emulated: boolean;
  readonly controls: Readonly<Record<string, string>>;
}

/** By a rename, so that no reader sees half a record. */
export function writeDevRecord(dataDirectory: string, record: DevRecord): void {
  const draft = `${fileOf(dataDirectory)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(record)}\n`);
  renameSync(draft, fileOf(dataDirectory));
}

/** Undefined when no stack runs on this folder. */
export function readDevRecord(dataDirectory: string): DevRecord | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataDirectory), 'utf8');
  } catch {
    return undefined;
  }
  // Written by `writeDevRecord` alone, in one piece.
  const record = JSON.parse(text) as DevRecord;
  try {
    process.kill(record.pid, 0);
    return record;
  } catch {
    return undefined;
  }
}

export function removeDevRecord(dataDirectory: string): void {
  rmSync(fileOf(dataDirectory), { force: true });
}

function fileOf(dataDirectory: string): string {
  return join(dataDirectory, 'dev.json');
}
