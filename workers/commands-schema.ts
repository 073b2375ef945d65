/** The part of `anyport.yaml` about what a command in the sandbox may take of its host. */
import { z } from 'zod';
import type { CommandLimits } from '../activities/sandbox/command-limits.ts';
import { DEFAULT_COMMAND_LIMITS } from '../activities/sandbox/command-limits.ts';

const MEBIBYTE = 1024 * 1024;

export const commandsSchema = z.strictObject({
  // Node alone does not start with less.
  maxMemoryMiB: z.int().min(64, 'must be at least 64').max(4_194_304, 'must be at most 4194304 (4 TiB)').optional(),
  maxOutputMiB: z.int().min(1, 'must be at least 1').max(1_048_576, 'must be at most 1048576 (1 TiB)').optional(),
  maxProcesses: z.int().min(16, 'must be at least 16').max(1_000_000, 'must be at most 1000000').optional(),
});

/** With our defaults for what it does not say. */
export function toCommandLimits({
  maxMemoryMiB,
  maxOutputMiB,
  maxProcesses,
}: z.infer<typeof commandsSchema> = {}): CommandLimits {
  return {
    memoryBytes: maxMemoryMiB === undefined ? DEFAULT_COMMAND_LIMITS.memoryBytes : maxMemoryMiB * MEBIBYTE,
    outputBytes: maxOutputMiB === undefined ? DEFAULT_COMMAND_LIMITS.outputBytes : maxOutputMiB * MEBIBYTE,
    processes: maxProcesses ?? DEFAULT_COMMAND_LIMITS.processes,
  };
}
