/** A project beside ours, with our rules and files of our choice, so that violations are planted where they stain nothing. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './project-files.ts';

/** Whatever the linter and the compiler read of ours. */
const RULES = ['.oxlintrc.json', 'tsconfig.json', 'workflows/tsconfig.json', 'package.json'];
/** A line per finding; a hundred times what the planted violations give. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface ScratchProject {
  /** Runs one of our development tools there; its exit code says nothing, since findings are wished for. */
  run(tool: 'oxlint' | 'tsc', args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function createScratchProject(files: Readonly<Record<string, string>>): Promise<ScratchProject> {
  const directory = await mkdtemp(join(tmpdir(), 'anyport-structure-'));
  try {
    await fill(directory, files);
  } catch (error) {
    await rm(directory, { recursive: true });
    throw error;
  }
  return {
    run: (tool, args) => runTool({ tool, args, directory }),
    remove: () => rm(directory, { recursive: true }),
  };
}

async function fill(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  for (const path of RULES) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await copyFile(join(ROOT, path), join(directory, path));
  }
  // The linter walks whatever is not ignored.
  await writeFile(join(directory, '.gitignore'), 'node_modules\n');
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'), 'dir');
}

interface ToolRun {
  readonly tool: string;
  readonly args: readonly string[];
  readonly directory: string;
}

function runTool({ tool, args, directory }: ToolRun): Promise<string> {
  const program = join(ROOT, 'node_modules', '.bin', tool);
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { cwd: directory, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      // A code is the tool's judgement; a word, such as ENOENT, is that it did not run.
      if (error !== null && typeof error.code !== 'number') reject(new Error(`${tool} did not run: ${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
}
