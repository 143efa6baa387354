import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { settingsSchema } from '../../src/config.ts';

interface Instruction {
  readonly name: string;
  readonly words: readonly string[];
}

const KNOWN = new Set([
  'FROM',
  'WORKDIR',
  'COPY',
  'RUN',
  'ENV',
  'USER',
  'EXPOSE',
  'STOPSIGNAL',
  'HEALTHCHECK',
  'CMD',
  'ENTRYPOINT',
  'ARG',
  'LABEL',
]);

/** The instructions of a Dockerfile; an unknown word is a failure. */
function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replaceAll(/^\s*#.*$/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [name = '', ...words] = line.trim().split(/\s+/);
    expect(KNOWN, `Dockerfile: ${line}`).toContain(name);
    return { name, words };
  });
}

const instructions = instructionsOf(readFileSync('Dockerfile', 'utf8'));
const lastStage = instructions.findLastIndex(({ name }) => name === 'FROM');
const image = instructions.slice(lastStage);

test('the image is built in two stages and runs as another user than root, with a health check and no package manager', () => {
  expect(instructions.filter(({ name }) => name === 'FROM').map(({ words }) => words[0])).toEqual([
    'node:26-slim',
    'node:26-slim',
  ]);
  expect(image.find(({ name }) => name === 'USER')?.words).toEqual(['node']);
  expect(image.findLast(({ name }) => name === 'HEALTHCHECK')?.words.join(' ')).toContain('/livez');
  const install = instructions
    .slice(0, lastStage)
    .find(({ name }) => name === 'RUN')
    ?.words.join(' ');
  expect(install).toContain('npm ci --omit=dev --omit=optional');
  expect(image.some(({ name }) => name === 'RUN')).toBe(false);
});

test('commands in exec form are JSON and start a file that exists', () => {
  const commands = image.flatMap(({ words }) =>
    words.includes('CMD') || words[0]?.startsWith('["')
      ? [words.slice(words.findIndex((word) => word.startsWith('["'))).join(' ')]
      : [],
  );
  expect(commands).toHaveLength(2);
  const [, start] = commands.map((command) => JSON.parse(command) as string[]);
  expect(start).toEqual(['node', 'src/main.ts']);
});

test('everything the image copies exists and passes .dockerignore, and what the service reads is copied', () => {
  const passed = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const copied = instructions
    .filter(({ name, words }) => name === 'COPY' && !words[0]?.startsWith('--from'))
    .flatMap(({ words }) => words.slice(0, -1));
  for (const path of copied) {
    expect(existsSync(path), path).toBe(true);
    expect(passed, '.dockerignore').toContain(path);
  }
  expect(copied).toEqual(expect.arrayContaining(['package.json', 'schema.graphql', 'migrations', 'src']));
});

test('compose.yaml parses, and each of its services is sound', () => {
  const document = parseDocument(readFileSync('compose.yaml', 'utf8'), { strict: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  const { services, secrets, volumes } = document.toJS() as {
    services: Record<
      string,
      {
        image?: string;
        build?: string;
        command?: string[];
        environment: Record<string, string>;
        secrets?: string[];
        depends_on?: Record<string, { condition: string }>;
        healthcheck?: object;
      }
    >;
    secrets: Record<string, { environment: string }>;
    volumes: Record<string, unknown>;
  };
  expect(Object.keys(services)).toEqual(['database', 'migrate', 'service']);
  expect(Object.keys(volumes)).toEqual(['database']);
  expect(services.database?.image).toBe('postgres:18');
  for (const [name, service] of Object.entries(services)) {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(services, `${name} depends on ${other}`).toHaveProperty(other);
      if (condition === 'service_healthy') expect(services[other]?.healthcheck).toBeDefined();
    }
    for (const secret of service.secrets ?? []) expect(secrets, name).toHaveProperty(secret);
    for (const [setting, value] of Object.entries(service.environment)) {
      if (service.build)
        expect(Object.keys(settingsSchema.shape), `${name}: ${setting}`).toContain(setting.replace(/_FILE$/, ''));
      if (setting.endsWith('_FILE')) expect(service.secrets).toContain(value.replace('/run/secrets/', ''));
    }
  }
  expect(existsSync(services.migrate?.command?.[1] ?? '')).toBe(true);
});

test('.ci/run is a shell script that can be run', () => {
  execFileSync('bash', ['-n', '.ci/run']);
  expect(statSync('.ci/run').mode & 0o111).toBe(0o111);
  expect(readFileSync('.ci/run', 'utf8')).toMatch(/^npm ci\nnpm test$/m);
});

test('the scripts that npm runs first parse on an old Node', () => {
  const guard = readFileSync('scripts/require-node.js', 'utf8');
  expect(guard).not.toMatch(/\b(import|const|let|async|await)\b|=>|\?\.|\?\?|\$\{/);
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect([scripts.prestart, scripts.pretest]).toEqual(Array(2).fill('node scripts/require-node.js'));
});
