/** `npm ci`, when what lies in node_modules is not what package-lock.json asks for. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join, sep } from 'node:path';
import { withLock } from './process-lock.mjs';
import { runStep, say } from './progress.mjs';
import { runProgram } from './run-program.mjs';

/** Installs what is missing. Of several at once, one installs and the others wait for it. */
export async function installDependencies(root) {
  if ((await whyInstall(root)) === undefined) return;
  const lock = join(root, '.anyport', 'set-up.lock');
  await withLock(
    lock,
    (pid) => say(`another set-up (process ${pid}) installs the dependencies, waiting for it`),
    async () => {
      const reason = await whyInstall(root);
      if (reason === undefined) return;
      await runStep(`npm ci, since ${reason}`, () => runNpmCi(root));
      const left = await whyInstall(root);
      if (left !== undefined) throw new Error(`after npm ci, ${left}. ${remedyFor(left)}`);
    },
  );
}

/**
 * Why an installation is due, or undefined. Compares what npm noted in node_modules with the lockfile, package by package: times
 * of files say little after a checkout or a copy.
 */
export async function whyInstall(root) {
  const wanted = await readPackages(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new Error(`there is no package-lock.json in ${root}; is this a complete checkout?`);
  const installed = await readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return 'node_modules is missing or incomplete';
  for (const [path, entry] of Object.entries(wanted)) {
    const isSkipped = path === '' || !path.startsWith('node_modules/');
    if (!isSkipped && !isSame(entry, installed[path]))
      return `${path.replace('node_modules/', '')} is not as in package-lock.json`;
  }
  const node = nodeBinary(root);
  if (wanted['node_modules/node'] !== undefined && !existsSync(node)) return `${node} is missing`;
  return undefined;
}

/** The pinned Node, which the `node` package brings. */
export function nodeBinary(root) {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function isSame(wanted, installed) {
  // Packages for other platforms are optional and not there.
  if (installed === undefined) return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
  if (wanted.version !== installed.version || wanted.link !== installed.link) return false;
  return wanted.integrity === undefined || installed.integrity === undefined || wanted.integrity === installed.integrity;
}

async function readPackages(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages ?? {};
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`${file} cannot be read: ${error.message}`);
  }
}

function runNpmCi(root) {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const env = { ...process.env, PATH: pathWithout(join(root, 'node_modules', '.bin')) };
  // Under `npm run` npm says where it lies; the pinned Node cannot run it, since `npm ci` deletes that one first.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  if (npm?.endsWith('.js') && node !== undefined && !node.startsWith(join(root, 'node_modules') + sep)) {
    return runProgram(node, [npm, ...args], { cwd: root, env });
  }
  // npm is a .cmd on Windows, which needs a shell.
  return runProgram('npm', args, { cwd: root, env, shell: process.platform === 'win32' });
}

function pathWithout(directory) {
  const path = process.env.PATH ?? process.env.Path ?? '';
  return path
    .split(delimiter)
    .filter((entry) => entry !== directory)
    .join(delimiter);
}

function remedyFor(problem) {
  if (!problem.endsWith('is missing')) return 'Delete node_modules and try again.';
  return 'npm did not run the install script of the package "node": unset the setting ignore-scripts (npm config get ignore-scripts) and try again.';
}
