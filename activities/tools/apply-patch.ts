import { z } from 'zod';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import { APPLY_PATCH_GRAMMAR } from './apply-patch-grammar.ts';
import { commitChanges } from './commit-changes.ts';
import { parsePatch, PatchSyntaxError } from './parse-patch.ts';
import type { FileChange, PatchPlan } from './plan-patch.ts';
import { PatchRefused, planPatch } from './plan-patch.ts';
import type { Arguments } from './read-arguments.ts';
import { readArguments } from './read-arguments.ts';
import type { Tool, ToolReturn } from './tool.ts';
import { PatchMismatch } from './update-text.ts';

/** The form in which deployments without custom tools give the patch. */
const WrappedSchema = z.strictObject({
  input: z.string().describe('The whole patch, from "*** Begin Patch" to "*** End Patch".'),
});

const DESCRIPTION = `Changes files of the workspace by a patch, all of it or nothing. Paths are relative to the workspace's root. The patch:
*** Begin Patch
*** Add File: PATH          (then the lines of the file, each starting with "+")
*** Delete File: PATH
*** Update File: PATH       (optionally followed by "*** Move to: PATH")
@@ a line to find first     (optional; "@@" alone parts chunks)
 an unchanged line
-a line to remove
+a line to insert
*** End of File             (optional: the chunk is at the end of the file)
*** End Patch
Give about three unchanged lines before and after each change.`;

export const applyPatch: Tool = {
  definition: { name: 'apply_patch', description: DESCRIPTION, form: { kind: 'freeform', grammar: APPLY_PATCH_GRAMMAR } },
  retryClass: 'workspace',
  risk: 'workspace',
  async run(input, { workspace }) {
    const patch = readPatch(input);
    if (patch.kind === 'invalid') return { outcome: 'refused', output: patch.problem };
    let plan: PatchPlan;
    try {
      plan = await planPatch(workspace, parsePatch(patch.value));
    } catch (error) {
      return answerProblem(error);
    }
    return commit(plan);
  },
};

function readPatch(input: ToolInput): Arguments<string> {
  if (input.kind === 'text') return { kind: 'valid', value: input.text };
  const wrapped = readArguments('apply_patch', WrappedSchema, input);
  return wrapped.kind === 'valid' ? { kind: 'valid', value: wrapped.value.input } : wrapped;
}

function answerProblem(error: unknown): ToolReturn {
  if (error instanceof PatchSyntaxError) return { outcome: 'refused', output: `${error.message}. Nothing was changed.` };
  if (error instanceof PatchRefused) return { outcome: 'refused', output: `${error.message}. Nothing was changed.` };
  if (error instanceof PatchMismatch)
    return { outcome: 'failed', output: `apply_patch verification failed: ${error.message}\nNothing was changed.` };
  throw error;
}

async function commit(plan: PatchPlan): Promise<ToolReturn> {
  if (plan.kind === 'already-applied')
    return { outcome: 'ok', output: 'The patch was already applied: the files are as it wants them. Nothing was changed.' };
  if (plan.changes.length === 0) return { outcome: 'ok', output: 'The patch leaves every file as it is. Nothing was changed.' };
  try {
    await commitChanges(plan.changes);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: 'failed', output: `The files could not be written: ${problem}. Nothing was changed.` };
  }
  return { outcome: 'ok', output: `Success. Updated the following files:\n${plan.changes.map(describeChange).join('\n')}\n` };
}

function describeChange({ path, before, after }: FileChange): string {
  if (after === undefined) return `D ${path}`;
  return `${before === undefined ? 'A' : 'M'} ${path}`;
}
