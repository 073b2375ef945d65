/**
 * Tokens for a program that has an id and a secret of its own (OAuth's client credentials grant), by the official client. It is for one server, over
 * all of its connections: a token is used until shortly before it expires, and a new one is had when the server refuses it.
 */
import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import type { OAuthClientMetadata, OAuthTokens, OAuthClientInformationMixed } from '@modelcontextprotocol/sdk/shared/auth.js';
import { McpAuthorizationError, toAuthorizationError } from './authorization-error.ts';
import { createAuthorizationFetch, leadsElsewhere } from './authorization-fetch.ts';
import type { OAuthSettings } from './mcp-server-settings.ts';

/** Before it expires a token is renewed by this, or by a tenth of its life: clocks differ, and a call takes its time to arrive. */
const RENEW_MS = 60_000;
const RENEW_SHARE = 0.1;

interface Held {
  readonly tokens: OAuthTokens;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

export class MachineCredentials implements OAuthClientProvider {
  /** For all that is asked on the way to a token. */
  readonly fetch: typeof fetch;
  readonly redirectUrl = undefined;
  readonly #serverUrl: string;
  readonly #settings: OAuthSettings;
  readonly #grant: ClientCredentialsProvider;
  #state: OAuthDiscoveryState | undefined;
  #held: Held | undefined;
  #renewing: Promise<unknown> | undefined;

  constructor(serverUrl: string, settings: OAuthSettings) {
    this.#serverUrl = serverUrl;
    this.#settings = settings;
    const { scope } = settings;
    // The id and the secret are read when they are needed, so that they may be rotated.
    const later = { clientId: '', clientSecret: '', expectedIssuer: serverUrl };
    this.#grant = new ClientCredentialsProvider({ ...later, clientName: 'anyport', ...(scope === undefined ? {} : { scope }) });
    this.#state = stateOf(settings);
    this.fetch = createAuthorizationFetch(() => this.#origins());
  }

  get clientMetadata(): OAuthClientMetadata {
    return this.#grant.clientMetadata;
  }

  /** For the authorization server that `saveDiscoveryState` has let pass. @throws McpServerError when one of both is missing */
  clientInformation(): OAuthClientInformationMixed {
    const { clientId, clientSecret } = this.#settings.readCredentials();
    const issuer = this.#state?.authorizationServerUrl ?? this.#serverUrl;
    return { client_id: clientId, client_secret: clientSecret, issuer };
  }

  /** None before a server has asked for one. @throws McpServerError when the old one has expired and no other can be had */
  async tokens(): Promise<OAuthTokens | undefined> {
    const held = this.#held;
    if (held === undefined || Date.now() < held.renewAtMs) return held?.tokens;
    const asked = { serverUrl: this.#serverUrl, fetchFn: this.fetch };
    this.#renewing ??= auth(this, asked).finally(() => (this.#renewing = undefined));
    try {
      await this.#renewing;
    } catch (error) {
      if (Date.now() >= held.expiresAtMs) throw toAuthorizationError(error);
    }
    return this.#held?.tokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    if (tokens.token_type.toLowerCase() !== 'bearer') {
      throw new McpAuthorizationError(`its authorization server gives tokens of another kind than "bearer"`);
    }
    const lifeMs = tokens.expires_in === undefined ? Infinity : tokens.expires_in * 1_000;
    const expiresAtMs = Date.now() + lifeMs;
    this.#held = { tokens, expiresAtMs, renewAtMs: expiresAtMs - Math.min(RENEW_MS, lifeMs * RENEW_SHARE) };
  }

  /** The id or the secret was refused: whom they are for is asked anew. A token that is held is as good as it was. */
  invalidateCredentials(): void {
    this.#state = stateOf(this.#settings);
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#state;
  }

  /** Without an issuer it is the server that says who its authorization server is: a secret then goes to its own host and to no other. */
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    const { authorizationServerUrl: url, authorizationServerMetadata: metadata } = state;
    const { issuer, tokenUrl } = this.#settings;
    if (issuer === undefined && tokenUrl === undefined && !this.#origins().includes(new URL(url).origin))
      throw leadsElsewhere(url);
    if (tokenUrl === undefined && metadata !== undefined && !isSame(metadata.issuer, url)) {
      throw new McpAuthorizationError('its authorization server has another name than the one that it was asked by');
    }
    this.#state = state;
  }

  prepareTokenRequest(scope?: string): URLSearchParams {
    if (this.#state?.authorizationServerMetadata === undefined) {
      throw new McpAuthorizationError('its authorization server does not publish where tokens are had: write that as tokenUrl');
    }
    return this.#grant.prepareTokenRequest(scope);
  }

  redirectToAuthorization(): void {
    this.#grant.redirectToAuthorization();
  }

  saveCodeVerifier(): void {
    this.#grant.saveCodeVerifier();
  }

  codeVerifier(): string {
    return this.#grant.codeVerifier();
  }

  #origins(): readonly string[] {
    const issuer = this.#state?.authorizationServerUrl;
    return [this.#serverUrl, ...(issuer === undefined ? [] : [issuer])].map((url) => new URL(url).origin);
  }
}

/** What is known without asking anybody. */
function stateOf({ issuer, tokenUrl }: OAuthSettings): OAuthDiscoveryState | undefined {
  if (tokenUrl !== undefined) {
    const { origin } = new URL(tokenUrl);
    const told = { issuer: origin, authorization_endpoint: tokenUrl, token_endpoint: tokenUrl, response_types_supported: [] };
    return { authorizationServerUrl: origin, authorizationServerMetadata: told };
  }
  return issuer === undefined ? undefined : { authorizationServerUrl: issuer };
}

/** A slash at the end is no difference, as the official client has it. */
function isSame(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '');
}
