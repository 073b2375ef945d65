/** Models that know `apply_patch` from a shell call it there: it is run as the tool, which writes all files or none. */
import { posix } from 'node:path';
import { applyPatch } from './apply-patch.ts';
import type { ToolContext, ToolReturn } from './tool.ts';

const HEREDOC =
  /^\s*(?:cd\s+(?<folder>[^\s;&|<>$`'"]+|'[^']+'|"[^"$`]+")\s*&&\s*)?apply_?patch\s*<<-?\s*(?<quote>['"]?)(?<word>\w+)\k<quote>[ \t]*\n(?<patch>[\s\S]*?)\n\s*\k<word>\s*$/;
const FILE_HEADER = /^(\*\*\* (?:Add File|Delete File|Update File|Move to): )(.+)$/;

/** `undefined`: the command is something else. `folder` is where it would run, relative to the workspace. */
export async function runHeredocPatch(command: string, folder: string, context: ToolContext): Promise<ToolReturn | undefined> {
  const found = HEREDOC.exec(command)?.groups;
  if (found === undefined) return undefined;
  const entered = (found['folder'] ?? '.').replaceAll(/^['"]|['"]$/g, '');
  const base = posix.isAbsolute(entered) ? entered : posix.join(folder, entered);
  const text = (found['patch'] ?? '')
    .split('\n')
    .map((line) => within(base, line))
    .join('\n');
  return applyPatch.run({ kind: 'text', text }, context);
}

/** The patch's paths are relative to the folder that the command is in; what leaves the workspace is refused by the tool. */
function within(folder: string, line: string): string {
  const [, header, path] = FILE_HEADER.exec(line) ?? [];
  if (header === undefined || path === undefined || folder === '.' || posix.isAbsolute(path)) return line;
  return header + posix.join(folder, path);
}
