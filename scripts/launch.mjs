/**
 * A command of a set-up clone: `node scripts/launch.mjs script.ts [arguments]`, on the pinned Node, with its exit code. Plain JavaScript
 * without dependencies: before the set-up, an old Node would end in the stack trace of a TypeScript file that it cannot read.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from './bootstrap/install-dependencies.mjs';
import { runCommand } from './bootstrap/run-command.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [script = '', ...args] = process.argv.slice(2);

// npm writes its note at the very end of an installation.
if (existsSync(resolve(ROOT, 'node_modules', '.package-lock.json'))) {
  await runCommand(nodeBinary(ROOT), resolve(ROOT, script), args);
} else {
  process.stderr.write('anyport is not set up here yet: run "npm start", or "node scripts/bootstrap.mjs" for the set-up alone\n');
  process.exitCode = 1;
}
