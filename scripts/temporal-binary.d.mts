export interface TemporalBinary {
  readonly path: string;
  readonly source: 'PATH' | 'cache';
  readonly version: string;
}

export interface TemporalSearchOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
}

export type VersionJudgement =
  | { readonly usable: true; readonly version: string }
  | { readonly usable: false; readonly reason: string };

export const TEMPORAL_CLI_VERSION: string;
export function cachedTemporalPath(env?: TemporalSearchOptions['env'], platform?: NodeJS.Platform): string;
export function cacheDirectory(env?: TemporalSearchOptions['env'], platform?: NodeJS.Platform): string;
export function searchTemporalBinary(
  options?: TemporalSearchOptions,
): Promise<{ readonly found?: TemporalBinary; readonly rejected: readonly string[] }>;
export function findTemporalBinary(options?: TemporalSearchOptions): Promise<TemporalBinary | undefined>;
export function judgeBinary(path: string): Promise<VersionJudgement>;
export function judgeVersion(output: string): VersionJudgement;
export function findOnPath(name: string, env?: TemporalSearchOptions['env'], platform?: NodeJS.Platform): readonly string[];
export function executableName(name: string, platform?: NodeJS.Platform): string;
