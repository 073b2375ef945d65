import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Generous where a loaded machine of two cores would need it: a limit here is to end what hangs, not to measure. */
const UNIT_TIMEOUT_MS = 20_000;
/** A worker of its own bundles the workflows (1 to 3 s), and losing one takes up to two heartbeats of 5 s. */
const SERVER_TIMEOUT_MS = 60_000;
/** Starting everything real, longer than its parts are waited for: then it says which of them did not come up. */
const SERVER_HOOK_TIMEOUT_MS = 120_000;
/** The linter and the compiler run as processes, type-aware: 1 to 10 s each. */
const STRUCTURE_TIMEOUT_MS = 60_000;

const COMPILED = fileURLToPath(new URL('node_modules/.cache/anyport/compiled', import.meta.url));

export default defineConfig({
  test: {
    pool: 'forks',
    // Workers and commands that tests start: hundreds of them, most of whose time is that of reading their code.
    env: { NODE_COMPILE_CACHE: COMPILED },
    maxWorkers: Math.min(4, availableParallelism()),
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'structure',
          include: ['test/structure/**/*.test.ts'],
          testTimeout: STRUCTURE_TIMEOUT_MS,
          hookTimeout: STRUCTURE_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'unit',
          // A process for each of two hundred files took a third of their time; none leaves anything behind in its process.
          isolate: false,
          include: [
            'test/{domain,loop,catalog,clouds,managed-agents,emulators,store,tools,workspace,sandbox,mcp,config,activities,client,bootstrap,bench}/**/*.test.ts',
          ],
          testTimeout: UNIT_TIMEOUT_MS,
          hookTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'oracle',
          include: ['test/oracle/**/*.test.ts'],
          testTimeout: UNIT_TIMEOUT_MS,
          hookTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'server',
          include: ['test/{workflows,replay,dev,cli,http,demo}/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          // Half of their time is waiting. Those of the chaos have more room: what they look at is who is late.
          maxWorkers: Math.min(6, availableParallelism() + 1),
          testTimeout: SERVER_TIMEOUT_MS,
          hookTimeout: SERVER_HOOK_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: SERVER_TIMEOUT_MS,
          hookTimeout: SERVER_HOOK_TIMEOUT_MS,
        },
      },
    ],
  },
});
