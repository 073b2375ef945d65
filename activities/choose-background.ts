/** Whether an answer is worth the cloud's background mode, where an endpoint leaves that open (`background: auto`). */
import type { ServedDeployment } from './served-deployment.ts';
import type { AttemptEntry, TaskSettings } from './store/task-store.ts';

/**
 * A worker that is deployed anew lets a call run for 30 s, which is about 2,000 tokens at the 70 a second of a large model: longer
 * answers would be cut off by every deploy, and generated again.
 */
const LONG_ANSWER_TOKENS = 2_000;
/** What is worth a copy at the cloud rather than being paid twice: the price of that answer at ten dollars a million. */
const DEAR_ANSWER_USD_MICROS = 20_000;
/** The newest answers tell best what the next one will be like. */
const ANSWERS_LOOKED_AT = 3;

export interface ExpectedTurn {
  readonly served: ServedDeployment;
  readonly settings: TaskSettings;
  /** All attempts of the task so far. */
  readonly attempts: readonly AttemptEntry[];
}

/** `auto` asks for it when the answer is expected to be long or dear; nothing known of a task's answers means no. */
export function chooseBackground({ served, settings, attempts }: ExpectedTurn): boolean {
  const { background, deployment } = served;
  if (background !== 'auto') return background;
  if (!deployment.capabilities.includes('background')) return false;
  const tokens = expectedOutputTokens(attempts, settings);
  if (tokens === undefined) return false;
  const price = (tokens * deployment.price.outputUsdMicrosPerMillion) / 1_000_000;
  return tokens >= LONG_ANSWER_TOKENS || price >= DEAR_ANSWER_USD_MICROS;
}

function expectedOutputTokens(attempts: readonly AttemptEntry[], { maxOutputTokens }: TaskSettings): number | undefined {
  const answers = attempts.flatMap(({ state }) => (state.kind === 'completed' ? [state.answer.usage.outputTokens] : []));
  if (answers.length === 0) return maxOutputTokens;
  const longest = Math.max(...answers.slice(-ANSWERS_LOOKED_AT));
  return maxOutputTokens === undefined ? longest : Math.min(longest, maxOutputTokens);
}
