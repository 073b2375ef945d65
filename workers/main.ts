/** A bare worker process: `node workers/main.ts --config anyport.yaml`. Started by a supervisor, which is what `anyport worker` is. */
import { describeProblem } from './describe-problem.ts';
import { runWorker } from './run-worker.ts';
import type { WorkerFlags } from './worker-command.ts';
import { workerCommand } from './worker-command.ts';

try {
  await runWorker(workerCommand().parse().opts<WorkerFlags>());
} catch (error) {
  console.error(`anyport worker: ${describeProblem(error)}`);
  process.exitCode = 1;
}
