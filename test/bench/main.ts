/** `npm run bench [-- NAME]`: one benchmark, each beside its rival in the same run. */
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  turns: () => import('./turn-bench.ts'),
  failover: () => import('./failover-bench.ts'),
  eligibility: () => import('./eligibility-bench.ts'),
  tools: () => import('./tool-bench.ts'),
  workspace: () => import('./workspace-bench.ts'),
};

const name = process.argv[2] ?? 'turns';
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`there is no benchmark "${name}": choose ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else {
  await bench();
}
