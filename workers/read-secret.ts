/** The one place where secrets are read. */
import { readFileSync } from 'node:fs';
import type { EndpointAuth, SecretReference } from './anyport-config.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The secret, or the words of why it cannot be had; never both, and the words never quote it. */
export function readSecret(
  reference: SecretReference,
  environment: Environment,
): { readonly secret: string } | { readonly problem: string } {
  if (reference.kind === 'environment') {
    const value = environment[reference.name]?.trim() ?? '';
    return value === ''
      ? { problem: `the variable ${reference.name} is not set: set it where Anyport is started` }
      : { secret: value };
  }
  try {
    const value = readFileSync(reference.path, 'utf8').trim();
    return value === '' ? { problem: `the file ${reference.path} is empty: put the secret there` } : { secret: value };
  } catch {
    return { problem: `the file ${reference.path} cannot be read: check its path and rights` };
  }
}

/** Why each secret that is not there cannot be had; empty when all can be read. */
export function missingSecrets(auth: EndpointAuth, environment: Environment): readonly string[] {
  return secretsOf(auth).flatMap((reference) => {
    const read = readSecret(reference, environment);
    return 'problem' in read ? [read.problem] : [];
  });
}

function secretsOf(auth: EndpointAuth): readonly SecretReference[] {
  switch (auth.kind) {
    case 'api-key':
    case 'bearer-token':
      return [auth.secret];
    case 'access-key':
      return [auth.accessKeyId, auth.secretAccessKey, ...(auth.sessionToken === undefined ? [] : [auth.sessionToken])];
    case 'profile':
    case 'default-chain':
      return [];
  }
}
