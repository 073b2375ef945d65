import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { readProjectFile, ROOT } from './project-files.ts';

const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;

/** The part of Compose's format that we use; strict, so that a slip of the pen is no silent extension. */
const SERVICE = z.strictObject({
  image: z.string().regex(/^[\w./-]+:\d+\.\d+[\w.-]*$/, 'needs a version of its own, not "latest"'),
  build: z.strictObject({ context: z.literal('.'), target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  profiles: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(CONDITIONS) })).optional(),
  environment: z.record(z.string(), z.string().nullable()).optional(),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string().startsWith('/') })).optional(),
  ports: z
    .array(z.string().regex(/^127\.0\.0\.1:(?:\d+|\$\{[A-Z_]+:-\d+\}):\d+$/, 'must be on the loopback interface'))
    .optional(),
  volumes: z.array(z.string()).optional(),
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.int() })
    .optional(),
  init: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  restart: z.string(),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
});
const COMPOSE = z.strictObject({
  name: z.literal('anyport'),
  services: z.record(z.string(), SERVICE),
  configs: z.record(z.string(), z.union([z.strictObject({ file: z.string() }), z.strictObject({ content: z.string() })])),
  volumes: z.record(z.string(), z.null()),
});

const document = parseDocument(readProjectFile('docker-compose.yml'), { merge: true, uniqueKeys: true });
const dockerfile = readProjectFile('Dockerfile');

describe('docker-compose.yml', () => {
  test('is valid YAML in the form of Compose', () => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    expect(COMPOSE.safeParse(content()).error?.issues).toBeUndefined();
  });

  test('starts the database, Temporal with its schema, namespace and UI, and a worker; the emulated clouds on demand', () => {
    const services = Object.entries(compose().services);

    expect(services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name)).toEqual([
      ...['postgresql', 'temporal-schema', 'temporal', 'temporal-namespace', 'temporal-ui', 'worker'],
    ]);
    expect(services.filter(([, { profiles }]) => profiles?.includes('emulated')).map(([name]) => name)).toEqual(['emulated']);
  });

  test('waits for services that exist, and for health only where it is checked', () => {
    const { services } = compose();
    const wrong = Object.values(services)
      .flatMap(({ depends_on: needs = {} }) => Object.entries(needs))
      .filter(([name, { condition }]) => {
        const needed = services[name];
        return needed === undefined || (condition === 'service_healthy' && needed.healthcheck === undefined);
      });

    expect(wrong).toEqual([]);
  });

  test('declares each volume and configuration that is mounted', () => {
    const { services, volumes, configs } = compose();
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    const named = mounted.map((volume) => volume.slice(0, volume.indexOf(':'))).filter((source) => /^[a-z]/.test(source));
    const sources = Object.values(services).flatMap((service) => (service.configs ?? []).map(({ source }) => source));

    expect(new Set(named)).toEqual(new Set(Object.keys(volumes)));
    expect(new Set(sources)).toEqual(new Set(Object.keys(configs)));
  });

  test('holds no secret: each is a name, or has a default for a port that is published nowhere', () => {
    const secrets = Object.values(compose().services)
      .flatMap(({ environment = {} }) => Object.entries(environment))
      .filter(([name]) => /KEY|TOKEN|PASSWORD|PWD|SECRET/.test(name))
      .map(([, value]) => value);

    expect(new Set(secrets)).toEqual(new Set([null, '${POSTGRES_PASSWORD:-temporal}']));
  });

  test('builds targets and starts programs that exist', () => {
    const built = Object.values(compose().services).filter(({ build }) => build !== undefined);

    expect(built).toHaveLength(2);
    for (const { build, command } of built) {
      expect(dockerfile).toContain(` AS ${build?.target}\n`);
      expect(existsSync(join(ROOT, command?.[0] ?? 'no command'))).toBe(true);
    }
  });

  test('is accepted by docker compose', ({ skip }) => {
    skip(!hasDockerCompose(), 'docker compose is not on this machine');

    const accepted = execFileSync('docker', ['compose', '--profile', 'emulated', 'config', '--quiet'], {
      cwd: ROOT,
      encoding: 'utf8',
    });

    expect(accepted).toBe('');
  });
});

describe('Dockerfile', () => {
  test('runs its images as somebody who is not root, on the pinned Node', () => {
    const manifest = JSON.parse(readProjectFile('package.json')) as Record<string, Record<string, string>>; // ours

    expect(dockerfile).toContain(`FROM node:${manifest['devDependencies']?.['node']}-`);
    const images = dockerfile.split(/^FROM base AS /m).slice(1);
    expect(images.map((image) => /^USER node$/m.test(image))).toEqual([true, true]);
  });

  test('copies only what exists and is let through by .dockerignore', () => {
    const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    const letThrough = readProjectFile('.dockerignore').split('\n');

    expect(copied.filter((source) => !existsSync(join(ROOT, source)) || !letThrough.includes(`!${source}`))).toEqual([]);
  });
});

function content(): unknown {
  const whole: Record<string, unknown> = z.record(z.string(), z.unknown()).parse(document.toJS());
  return Object.fromEntries(Object.entries(whole).filter(([name]) => !name.startsWith('x-')));
}

function compose(): z.infer<typeof COMPOSE> {
  return COMPOSE.parse(content());
}

function hasDockerCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
