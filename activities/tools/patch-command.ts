/** A patch that a model gives to a shell, `apply_patch <<'EOF'` …, as if that were a program: it is applied by the tool instead. */
import { posix } from 'node:path';
import { applyPatch } from './apply-patch.ts';
import { parsePatch, PatchSyntaxError } from './parse-patch.ts';
import { resolveWorkdir } from './resolve-workdir.ts';
import type { ToolContext, ToolReturn } from './tool.ts';

export interface PatchCommand {
  /** Where the paths of the patch begin, relative to the working directory. */
  readonly folder: string;
  readonly patch: string;
}

/** Nothing but the patch, optionally in a folder; whatever stands before or behind it is a command that a shell has to run. */
const PATCH_COMMAND =
  /^\s*(?:cd\s+(?<folder>'[^']+'|"[^"$`\\]+"|[^\s;&|<>'"$`\\*?~()]+)\s*&&\s*)?(?:apply_patch|applypatch)\s*<<-?\s*(?<quote>['"]?)(?<word>\w+)\k<quote>[ \t]*\r?\n(?<patch>[^]*?)\r?\n[ \t]*\k<word>\s*$/;
const PATCH_PROGRAMS = ['apply_patch', 'applypatch'];
const HEADER = /^(\*\*\* (?:Add File|Delete File|Update File|Move to):[ \t]*)(.+)$/gm;

/** @returns undefined for every other command line */
export function readPatchCommand(commandLine: string): PatchCommand | undefined {
  const { folder = '.', word = '', patch } = PATCH_COMMAND.exec(commandLine)?.groups ?? {};
  if (patch === undefined) return undefined;
  // The first line of this word ends the patch; the rest would be commands.
  if (patch.split('\n').some((line) => line.trim() === word)) return undefined;
  return { folder: folder.replace(/^(['"])(.*)\1$/, '$2'), patch };
}

/** The same of an argument list: `["apply_patch", "*** Begin Patch…"]`. */
export function readPatchArguments(argv: readonly string[]): PatchCommand | undefined {
  const [program = '', patch] = argv;
  return argv.length === 2 && PATCH_PROGRAMS.includes(program) && patch !== undefined ? { folder: '.', patch } : undefined;
}

/** `workdir`: as the model gave it. */
export async function runPatchCommand(
  { folder, patch }: PatchCommand,
  { workdir, context }: { readonly workdir: string; readonly context: ToolContext },
): Promise<ToolReturn> {
  const start = folder.startsWith('/') ? folder : posix.join(workdir, folder);
  const place = await resolveWorkdir(context.workspace, start);
  if (place.kind === 'refused') return { outcome: 'refused', output: `${place.reason} Nothing was changed.` };
  const moved = place.path === '.' ? patch : withFolder(patch, place.path);
  if (moved === undefined)
    return {
      outcome: 'refused',
      output: 'The headers of the patch ("*** Update File: PATH") must start at the beginning of a line. Nothing was changed.',
    };
  return applyPatch.run({ kind: 'text', text: moved }, context);
}

/** The patch with its paths told from the workspace's root; undefined when its headers are not where only headers can be. */
function withFolder(patch: string, folder: string): string | undefined {
  let count = 0;
  const moved = patch.replaceAll(HEADER, (_line, header: string, path: string) => {
    count += 1;
    return header + (path.startsWith('/') ? path : posix.join(folder, path.trim()));
  });
  return count === countPaths(patch) ? moved : undefined;
}

/** What is wrong with a patch is told when it is applied. */
function countPaths(patch: string): number | undefined {
  try {
    const sections = parsePatch(patch);
    return sections.length + sections.filter((section) => section.kind === 'update' && section.moveTo !== undefined).length;
  } catch (error) {
    if (error instanceof PatchSyntaxError) return undefined;
    throw error;
  }
}
