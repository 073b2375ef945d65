/** Looks for the session that was opened with a key, when the answer to its opening was lost. */
import type { SessionListParams } from 'openai/resources/beta/agents/sessions/sessions';
import { readJson } from '../../clouds/responses-api/read-json.ts';
import { BrokenStreamError } from '../../clouds/responses-api/read-response-stream.ts';
import type { SessionObject } from './agents-objects.ts';
import { PAGE, SESSION } from './agents-objects.ts';
import type { AgentsCall } from './exchange.ts';
import { exchange } from './exchange.ts';
import { KEY_METADATA } from './render-input.ts';

const PAGE_SESSIONS = 100;
/** The newest thousand: it was opened a moment ago. */
const MOST_PAGES = 10;

export async function findSession(call: AgentsCall, key: string): Promise<string | undefined> {
  const isSought = ({ metadata }: SessionObject): boolean => metadata?.[KEY_METADATA] === key;
  if (call.dialect.request.metadataFilter) {
    const { sessions } = await list(call, { metadata: { [KEY_METADATA]: key } });
    const found = sessions.find(isSought);
    if (found !== undefined) return found.id;
  }
  // A filtered list may lag behind (SDK 7.57), and not every service filters: then they are looked through.
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { sessions, hasMore } = await list(call, after === undefined ? {} : { after });
    const found = sessions.find(isSought);
    if (found !== undefined) return found.id;
    const last = sessions.at(-1)?.id;
    if (!hasMore || last === undefined || last === after) return undefined;
    after = last;
  }
  return undefined;
}

async function list(call: AgentsCall, query: SessionListParams) {
  call.timer.restart(call.timeouts.firstEventMs);
  const asked = { order: 'desc', limit: PAGE_SESSIONS, ...query } as const;
  const response = await exchange(call, (signal) => call.sdk.beta.agents.sessions.list(asked, { signal }).asResponse());
  const page = PAGE.safeParse(await readJson(response)).data;
  if (page === undefined) throw new BrokenStreamError('malformed sessions');
  // Those of others in the account may be of a kind that is not known here.
  const sessions = page.data.flatMap((raw) => SESSION.safeParse(raw).data ?? []);
  return { sessions, hasMore: page.has_more === true };
}
