import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { CheckpointRecord } from '../workflows/domain/checkpoint.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import type {
  ReportWorkspaceInput,
  ReportWorkspaceResult,
  WorkspaceOverview,
  WorkspaceQuestion,
} from '../workflows/domain/workspace-report.ts';
import { digestOf } from './digest.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import { createAnswerFiles, PART_BYTES } from './workspace/answer-file.ts';
import type { AnswerPart } from './workspace/answer-file.ts';
import { borrowCheckpoints } from './workspace/borrow-checkpoints.ts';
import { BASE_REF, gitOfCheckpoints } from './workspace/checkpoint-repository.ts';
import { writePack } from './workspace/packs.ts';
import { requireCheckpoint } from './workspace/require-checkpoint.ts';
import { WorkspaceError } from './workspace/workspace-error.ts';
import { writeDiff } from './workspace/write-diff.ts';

export interface ReportWorkspaceDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly dataDirectory: string;
}

type FileQuestion = Exclude<WorkspaceQuestion, { kind: 'overview' }>;

/** The activity `reportWorkspace`: what the task store knows of a task's workspace, on whichever host it is asked, in parts. */
export function createReportWorkspace(dependencies: ReportWorkspaceDependencies) {
  const files = createAnswerFiles(join(dependencies.dataDirectory, 'workspace-reports'));
  return (input: ReportWorkspaceInput): Promise<ReportWorkspaceResult> =>
    withHeartbeat(async () => {
      try {
        const workspace = await requireWorkspace(dependencies.store, input.taskId);
        const { digest, totalBytes, bytes } =
          input.question.kind === 'overview'
            ? partOf(JSON.stringify(await describe(dependencies.store, input.taskId, workspace)), input.offset)
            : await files.read(digestOf([input.taskId, input.question]), input.offset, (file) =>
                write(dependencies, { ...input, question: input.question as FileQuestion, workspace }, file),
              );
        return { digest, totalBytes, base64: bytes.toString('base64') };
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function requireWorkspace(store: TaskStore, taskId: TaskId): Promise<WorkspaceRecord> {
  const workspace = await store.getWorkspace(taskId);
  if (workspace !== undefined) return workspace;
  throw new WorkspaceError('no-workspace', `task ${taskId} has no workspace, as far as the task store knows`);
}

function partOf(text: string, offset: number): AnswerPart {
  const bytes = Buffer.from(text);
  const digest = createHash('sha256').update(bytes).digest('base64url');
  return { digest, totalBytes: bytes.length, bytes: bytes.subarray(offset, offset + PART_BYTES) };
}

async function describe(
  store: TaskStore,
  taskId: TaskId,
  { repository, baseCommit }: WorkspaceRecord,
): Promise<WorkspaceOverview> {
  const [checkpoints, calls] = await Promise.all([store.listCheckpoints(taskId), store.listToolCalls(taskId)]);
  const toolOf = ({ turn, callId }: CheckpointRecord): string | null =>
    calls.find(({ key }) => key.turn === turn && key.callId === callId)?.tool ?? null;
  return {
    repository,
    baseCommit,
    checkpoints: checkpoints.map((checkpoint) => {
      const { sequence, turn, tree, atMs, changedFiles, leftOut, emptyFolders, pack } = checkpoint;
      return { sequence, turn, tree, atMs, changedFiles, leftOut, emptyFolders, packBytes: pack.bytes, tool: toolOf(checkpoint) };
    }),
  };
}

interface Writing {
  readonly taskId: TaskId;
  readonly question: FileQuestion;
  readonly workspace: WorkspaceRecord;
}

async function write(
  { store, hostId, dataDirectory }: ReportWorkspaceDependencies,
  { taskId, question, workspace }: Writing,
  file: string,
): Promise<void> {
  const to = await requireCheckpoint(store, taskId, question.kind === 'diff' ? question.to : question.checkpoint);
  const first = await requireCheckpoint(store, taskId, 0);
  const from =
    question.kind === 'diff' && question.from !== 'commit' ? await requireCheckpoint(store, taskId, question.from) : first;
  const checkpoints = (await store.listCheckpoints(taskId)).filter(
    ({ sequence }) => sequence <= Math.max(to.sequence, from.sequence),
  );
  const scratch = join(dataDirectory, 'workspace-reports.scratch');
  await borrowCheckpoints({ store, hostId, workspace, checkpoints, scratch }, async (folder) => {
    const git = gitOfCheckpoints(folder);
    if (question.kind === 'tree') return writePack(git, { include: [to.tree], exclude: [] }, file);
    const committed = async () => ({ tree: (await git(['rev-parse', `${BASE_REF}^{tree}`])).trim(), isCommitted: true }) as const;
    const before = question.from === 'commit' ? await committed() : from;
    await writeDiff({ folder, baseTree: workspace.baseTree, first, to, from: before, form: question.form }, file);
  });
}
