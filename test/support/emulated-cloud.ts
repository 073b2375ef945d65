/** One emulated endpoint as a test speaks to it without any SDK: plain requests with whatever credentials, and its controls. */
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Emulators } from '../emulators/start-emulators.ts';

type Headers = Readonly<Record<string, string>>;

export interface Signing {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  readonly service: string;
  readonly date?: Date;
}

/** Headers of a POST as AWS signs it. */
export async function sign(url: string, body: string, signing: Signing): Promise<Headers> {
  const { host, hostname, pathname } = new URL(url);
  const { accessKeyId, secretAccessKey, sessionToken, region, service, date = new Date() } = signing;
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  const signer = new SignatureV4({ credentials, region, service, sha256: Hash.bind(null, 'sha256') });
  const headers = { host, 'content-type': 'application/json' };
  const request = new HttpRequest({ method: 'POST', protocol: 'http:', hostname, path: pathname, headers, body });
  const signed = await signer.sign(request, { signingDate: date });
  const { host: _, ...rest } = signed.headers;
  return rest;
}

export async function setFaults({ controls }: Emulators, endpoint: string, faults: readonly object[]): Promise<void> {
  const response = await fetch(`${controls[endpoint]}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ faults }),
  });
  if (!response.ok) throw new Error(`${endpoint} refuses these faults: ${await response.text()}`);
}

export async function clearFaults({ controls }: Emulators, endpoint: string): Promise<void> {
  await fetch(`${controls[endpoint]}/faults`, { method: 'DELETE' });
}

/** One request as an emulated cloud wrote it down. */
export interface LedgerRequest {
  readonly method: string;
  readonly path: string;
  readonly arrivedAtMs: number;
  readonly endedAtMs: number | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly responseId?: string | null;
  readonly status: number | null;
  readonly outcome: string;
  readonly aborted: boolean;
  readonly abortedAtMs: number | null;
  readonly disconnectedAtMs: number | null;
  readonly fault: string | null;
  readonly events: number;
  readonly billedUsage: { readonly inputTokens: number; readonly outputTokens: number } | null;
}

export async function readLedger({ controls }: Emulators, endpoint: string): Promise<readonly LedgerRequest[]> {
  const response = await fetch(`${controls[endpoint]}/ledger`);
  const body = (await response.json()) as { requests: LedgerRequest[] }; // the emulators are ours
  return body.requests;
}
