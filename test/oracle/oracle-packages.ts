/** What others made that applies the same patches, as published. Nothing of it is shipped: it is fetched when its tests run. */

export interface OraclePackage {
  /** Of npm. */
  readonly spec: string;
  readonly integrity: string;
  /** The one file that is kept of it. */
  readonly member: string;
  readonly size: string;
}

/** Their owner has no others for tests to run on: Windows has no sandbox for commands either. */
type Platform = 'linux-x64' | 'linux-arm64' | 'darwin-x64' | 'darwin-arm64';

const CODEX_VERSION = '0.169.0';

const CODEX: Record<Platform, Pick<OraclePackage, 'integrity'> & { readonly triple: string }> = {
  'linux-x64': {
    triple: 'x86_64-unknown-linux-musl',
    integrity: 'sha512-o05NyAOCDygSPRo1yinzxvkRSdmsZyBD9E7mbpmjRanSfM8lypqWtQgEo4XfNkwhuCR2aFu8mlGOsQGFXVbVww==',
  },
  'linux-arm64': {
    triple: 'aarch64-unknown-linux-musl',
    integrity: 'sha512-NZ/DaQUpcQmxmqee7Z9uC1rzw3GhSbooawcaTe1LN5Yk+WlinUKGdTXJgClRT/9ogQEEM9TWxYzvxPfj5G/xFg==',
  },
  'darwin-x64': {
    triple: 'x86_64-apple-darwin',
    integrity: 'sha512-K1FKSsSLl9v3z5TeagBQXyQRDBIGB5Jncy5dxsRxwT3aaTqN3AI8VrCfoxBxKMOOU9O2QX1vg7WkBwNVth/s9A==',
  },
  'darwin-arm64': {
    triple: 'aarch64-apple-darwin',
    integrity: 'sha512-5WsWFBbVP78D+6FvNo1MMVxLPZdmcoQlqVJFrF4qx/TmvneLnMQKtLyXkUo54XOTDfoYKpNouTJ/F7gTVA8FnQ==',
  },
};

/** The program `apply_patch` that Codex models are trained with; undefined where there is none. */
export function codexPackage(platform: string = process.platform, arch: string = process.arch): OraclePackage | undefined {
  const name = `${platform}-${arch}`;
  if (!isPlatform(name)) return undefined;
  const { triple, integrity } = CODEX[name];
  return {
    spec: `@openai/codex@${CODEX_VERSION}-${name}`,
    member: `package/vendor/${triple}/bin/codex`,
    size: '160 MB',
    integrity,
  };
}

function isPlatform(name: string): name is Platform {
  return Object.hasOwn(CODEX, name);
}

/** `applyDiff`, which applies the diffs of the built-in tool of the Responses API. The file imports nothing. */
export const AGENTS_CORE: OraclePackage = {
  spec: '@openai/agents-core@0.20.0',
  integrity: 'sha512-9nJJ3iyQTwO2kmrZJPMqnHI61g3xp2DgtpW4V0cgNtYot5jocDqAMN5+dkjtsBo64U3Wbl7rIAV0q5kvycoIIA==',
  member: 'package/dist/utils/applyDiff.mjs',
  size: '1 MB',
};
