import type { SpawnOptions } from 'node:child_process';

export class InterruptedError extends Error {}
export function runProgram(command: string, args: readonly string[], options?: SpawnOptions): Promise<string>;
