/** The least that a durable loop can be: as many activities as ours, payloads of the same size, and nothing decided. */
import { proxyActivities } from '@temporalio/workflow';

export interface RivalInput {
  readonly turns: number;
  /** Passed to and returned by each activity, so that the bytes are those of our own task. */
  readonly input: string;
  /** `empty`: activities return at once. `same-call`: they make the same model call and file read, unjournalled. */
  readonly work: 'empty' | 'same-call';
}

export interface RivalActivities {
  callModel(input: { turn: number; input: string; work: RivalInput['work'] }): Promise<{ output: string }>;
  callTool(input: { turn: number; input: string; work: RivalInput['work'] }): Promise<{ output: string }>;
}

export async function minimalLoop({ turns, input, work }: RivalInput): Promise<number> {
  for (let turn = 1; turn <= turns; turn += 1) {
    const model = proxyActivities<RivalActivities>({ startToCloseTimeout: '1 minute', summary: `turn ${turn} · model` });
    await model.callModel({ turn, input, work });
    const tool = proxyActivities<RivalActivities>({ startToCloseTimeout: '1 minute', summary: `turn ${turn} · tool` });
    await tool.callTool({ turn, input, work });
  }
  return turns;
}
