/** The rival of the failover benchmark: the `openai` SDK with its defaults against the same emulated cloud. */
import OpenAI from 'openai';

export interface SdkCall {
  readonly ms: number;
  readonly outcome: 'answered' | 'failed' | 'gave up waiting';
  /** Sent by the SDK, its own retries included. */
  readonly requests: number;
}

export interface SdkTarget {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** The SDK's own limit is ten minutes: nobody waits for a benchmark that long. */
  readonly patienceMs: number;
}

/** One streamed answer, read to its end as an application does; retries are the SDK's own (2 by default). */
export async function callBySdk({ baseUrl, apiKey, model, patienceMs }: SdkTarget): Promise<SdkCall> {
  let requests = 0;
  const counting: typeof fetch = (...call) => {
    requests += 1;
    return fetch(...call);
  };
  const defaultHeaders = { 'api-key': apiKey, Authorization: null };
  const client = new OpenAI({ baseURL: baseUrl, apiKey, defaultHeaders, logLevel: 'off', fetch: counting });
  const beginMs = performance.now();
  const end = (outcome: SdkCall['outcome']): SdkCall => ({ ms: performance.now() - beginMs, outcome, requests });
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const stream = await client.responses.create({ model, input: 'bench', stream: true, store: false }, { signal });
    let isWhole = false;
    for await (const event of stream) isWhole ||= event.type === 'response.completed';
    // A stream that ends without its terminal event ends the loop like a whole one: the application has to look.
    return end(isWhole ? 'answered' : signal.aborted ? 'gave up waiting' : 'failed');
  } catch {
    return end(signal.aborted ? 'gave up waiting' : 'failed');
  }
}
