/** An MCP server as an operator configured it. */
import type { ToolRetryClass, ToolRisk } from '../../workflows/domain/tool-call.ts';

export type McpAddress =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly workingDirectory: string;
      /** Everything that its process gets; read at each start. @throws McpServerError when something is missing */
      readEnvironment(): Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      /** Read at each connection. @throws McpServerError when it is missing */
      readToken?(): string;
      /** Instead of a token: how tokens are had. */
      readonly oauth?: OAuthSettings;
    };

/** An id and a secret of our own at an authorization server. With neither issuer nor tokenUrl it is the server's own host. */
export interface OAuthSettings {
  /** The authorization server's address, from which it publishes the rest. */
  readonly issuer?: string;
  /** Of one that publishes nothing. */
  readonly tokenUrl?: string;
  /** Separated by spaces. */
  readonly scope?: string;
  /** Read whenever a token is asked for. @throws McpServerError when one of both is missing */
  readCredentials(): { readonly clientId: string; readonly clientSecret: string };
}

/** What a tool counts as, whatever its server says of it. */
export interface McpToolClass {
  /** Of the tool's name at the server; `*` is any text. */
  readonly pattern: string;
  readonly risk?: ToolRisk;
  readonly retryClass?: ToolRetryClass;
}

export interface McpServerSettings {
  readonly name: string;
  readonly address: McpAddress;
  /** For its start, and for a list of its tools. */
  readonly startMs: number;
  /** For a call; begins anew with each report of progress. */
  readonly callMs: number;
  /** Patterns of names at the server; absent: all. */
  readonly allow?: readonly string[];
  readonly deny: readonly string[];
  /** The first that fits counts, for each of both. */
  readonly classes: readonly McpToolClass[];
  /** Absent: all. */
  readonly tenants?: readonly string[];
  /** Tasks are not opened without it. */
  readonly isRequired: boolean;
}

/** A server cannot be had; why, in our own words. */
export class McpServerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'McpServerError';
  }
}
