import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { networkList } from './networks.ts';
import type { EncryptionKey } from './personal-data.ts';
import type { SigningKey } from './tokens/permission-token.ts';

/**
 * The settings: the only place that reads the environment. Each is described once, here; the README's table is
 * compared with this schema by a test. A secret may also be given as a file, under its name with `_FILE`.
 */
const flag = z
  .enum(['0', '1'])
  .default('0')
  .transform((value) => value === '1');
const number = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
const networksOf = (text = '') => text.split(/[\s,]+/).filter((network) => network !== '');
const base64Key = z.string().refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');

export const settingsSchema = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  PORT: number(3000, 0, 65535).describe('Port to listen on; 0 takes a free one'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe('PostgreSQL 18; unset: an embedded one is started under DATA_DIR'),
  MIGRATION_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe('Owner of the schema for `npm run migrate`; unset: DATABASE_URL'),
  DATA_DIR: z.string().min(1).default('.data').describe('Folder of the embedded database and its keys'),
  DATABASE_POOL_SIZE: number(12, 2, 200).describe('Connections of one process to the database'),
  STATEMENT_TIMEOUT_MS: number(10_000, 100, 600_000).describe('Longest time of one database statement'),
  ADMIN_API_KEY: z
    .string()
    .min(24)
    .optional()
    .describe('Bootstrap key with every scope; unset on the embedded default: one is made and printed'),
  ENCRYPTION_KEYS: z
    .string()
    .optional()
    .describe('`keyId:base64 of 32 bytes`, comma-separated, the first one writes; required with DATABASE_URL'),
  BLIND_INDEX_KEY: base64Key.optional().describe('Base64 of 32 bytes for equality search; required with DATABASE_URL'),
  TOKEN_SIGNING_KEYS: z
    .string()
    .optional()
    .describe(
      '`kid:base64 of an Ed25519 key in PKCS #8`, comma-separated, the first one signs permission tokens, all are published; unset with DATABASE_URL: no tokens',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least level that is logged'),
  RATE_LIMIT_PER_SECOND: number(0, 0, 1_000_000).describe(
    'Requests a client may send per second and process; 0: no limit',
  ),
  AUTH_FAILURES_PER_MINUTE: number(100, 0, 1_000_000).describe(
    'Wrong keys that an address may send per minute and process before it is refused unheard; 0: no limit',
  ),
  TRUSTED_PROXIES: z
    .string()
    .refine((text) => networkList(networksOf(text)) !== null, 'must be IP addresses and networks, comma-separated')
    .optional()
    .describe('IP addresses and networks, comma-separated, whose X-Forwarded-For names the caller; unset: none'),
  WEBHOOK_PRIVATE_NETWORKS: z
    .string()
    .refine((text) => networkList(networksOf(text)) !== null, 'must be IP addresses and networks, comma-separated')
    .optional()
    .describe(
      'Addresses and networks, comma-separated, that webhooks may go to in production though they are not public; unset: none',
    ),
  BODY_LIMIT_BYTES: number(1_048_576, 1024, 104_857_600).describe(
    'Largest body of a request other than an import, a batch or a stream',
  ),
  IMPORT_LIMIT_BYTES: number(2_147_483_648, 1024, Number.MAX_SAFE_INTEGER).describe(
    'Largest file of an import or of call records',
  ),
  DRAIN_SECONDS: number(5, 0, 600).describe(
    'How long readiness is withdrawn before the listener closes on SIGTERM, with DATABASE_URL',
  ),
  SANDBOX: flag.describe('1: honour the request header Test-Clock'),
  NODE_ENV: z
    .string()
    .default('development')
    .describe('production: no GraphiQL, no GraphQL introspection, webhooks over https to public addresses only'),
});

const SECRETS = [
  'DATABASE_URL',
  'MIGRATION_DATABASE_URL',
  'ADMIN_API_KEY',
  'ENCRYPTION_KEYS',
  'BLIND_INDEX_KEY',
  'TOKEN_SIGNING_KEYS',
] as const;
export const SECRET_SETTINGS: readonly string[] = SECRETS;

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Null: the embedded database. */
  readonly databaseUrl: string | null;
  readonly migrationDatabaseUrl: string | null;
  readonly dataDir: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly adminApiKey: string | null;
  readonly encryptionKeys: readonly EncryptionKey[] | null;
  readonly blindIndexKey: Buffer | null;
  /** Null: none is set. */
  readonly tokenSigningKeys: readonly SigningKey[] | null;
  readonly logLevel: string;
  readonly rateLimitPerSecond: number | null;
  /** Null: no limit. */
  readonly authFailuresPerMinute: number | null;
  readonly trustedProxies: readonly string[];
  readonly webhookPrivateNetworks: readonly string[];
  readonly bodyLimitBytes: number;
  readonly importLimitBytes: number;
  readonly drainSeconds: number;
  readonly sandbox: boolean;
  readonly production: boolean;
}

export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Parses the environment. Throws ConfigError that names every problem at once, never a secret's value. */
export function readConfig(env: Environment = process.env): Config {
  const problems: string[] = [];
  const values = settingsOf(env, problems);
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success)
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  const keys = parseKeys(values.ENCRYPTION_KEYS, problems);
  const tokenSigningKeys = parseSigningKeys(values.TOKEN_SIGNING_KEYS, problems);
  if (values.DATABASE_URL !== undefined) {
    if (keys === null) problems.push('ENCRYPTION_KEYS: required with DATABASE_URL');
    if (values.BLIND_INDEX_KEY === undefined) problems.push('BLIND_INDEX_KEY: required with DATABASE_URL');
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const settings = parsed.data;
  return Object.freeze({
    host: settings.HOST,
    port: settings.PORT,
    databaseUrl: settings.DATABASE_URL ?? null,
    migrationDatabaseUrl: settings.MIGRATION_DATABASE_URL ?? settings.DATABASE_URL ?? null,
    dataDir: settings.DATA_DIR,
    poolSize: settings.DATABASE_POOL_SIZE,
    statementTimeoutMs: settings.STATEMENT_TIMEOUT_MS,
    adminApiKey: settings.ADMIN_API_KEY ?? null,
    encryptionKeys: keys,
    blindIndexKey: settings.BLIND_INDEX_KEY === undefined ? null : Buffer.from(settings.BLIND_INDEX_KEY, 'base64'),
    tokenSigningKeys,
    logLevel: settings.LOG_LEVEL,
    rateLimitPerSecond: settings.RATE_LIMIT_PER_SECOND === 0 ? null : settings.RATE_LIMIT_PER_SECOND,
    authFailuresPerMinute: settings.AUTH_FAILURES_PER_MINUTE === 0 ? null : settings.AUTH_FAILURES_PER_MINUTE,
    trustedProxies: networksOf(settings.TRUSTED_PROXIES),
    webhookPrivateNetworks: networksOf(settings.WEBHOOK_PRIVATE_NETWORKS),
    bodyLimitBytes: settings.BODY_LIMIT_BYTES,
    importLimitBytes: settings.IMPORT_LIMIT_BYTES,
    drainSeconds: settings.DRAIN_SECONDS,
    sandbox: settings.SANDBOX,
    production: settings.NODE_ENV === 'production',
  });
}

/** The few settings of `npm run migrate`, which needs no key. Throws ConfigError. */
export function readMigrationConfig(env: Environment = process.env): Pick<Config, 'migrationDatabaseUrl' | 'dataDir'> {
  const problems: string[] = [];
  const values = settingsOf(env, problems);
  const parsed = settingsSchema
    .pick({ DATABASE_URL: true, MIGRATION_DATABASE_URL: true, DATA_DIR: true })
    .safeParse(values);
  if (!parsed.success)
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return {
    migrationDatabaseUrl: parsed.data.MIGRATION_DATABASE_URL ?? parsed.data.DATABASE_URL ?? null,
    dataDir: parsed.data.DATA_DIR,
  };
}

/** The settings as text: an empty one is unset, a secret may stand in the file that `NAME_FILE` names. */
function settingsOf(env: Environment, problems: string[]): Record<string, string | undefined> {
  const values: Record<string, string | undefined> = {};
  for (const name of Object.keys(settingsSchema.shape)) values[name] = env[name] === '' ? undefined : env[name];
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`];
    if (!file) continue;
    if (values[name] !== undefined) problems.push(`${name} and ${name}_FILE are both set`);
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  return values;
}

/** `keyId:base64,…` to keys; reports what is wrong and returns null when there are none. */
export function parseKeys(text: string | undefined, problems: string[]): EncryptionKey[] | null {
  if (text === undefined) return null;
  return text.split(',').map((part, index) => {
    const [keyId = '', encoded = ''] = part.trim().split(/:(.*)/s);
    const key = Buffer.from(encoded, 'base64');
    if (!/^[A-Za-z0-9._-]{1,32}$/.test(keyId) || key.length !== 32) {
      problems.push(`ENCRYPTION_KEYS: entry ${index + 1} is not \`keyId:base64 of 32 bytes\``);
    }
    return { keyId, key };
  });
}

/** `kid:base64,…` to Ed25519 keys; reports what is wrong and returns null when there are none. */
export function parseSigningKeys(text: string | undefined, problems: string[]): SigningKey[] | null {
  if (text === undefined) return null;
  const keys = text.split(',').flatMap((part, index) => {
    const [kid = '', encoded = ''] = part.trim().split(/:(.*)/s);
    const privateKey = ed25519Key(encoded);
    if (/^[A-Za-z0-9._-]{1,32}$/.test(kid) && privateKey !== null) return [{ kid, privateKey }];
    problems.push(`TOKEN_SIGNING_KEYS: entry ${index + 1} is not \`kid:base64 of an Ed25519 key in PKCS #8\``);
    return [];
  });
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) problems.push('TOKEN_SIGNING_KEYS: a kid is there twice');
  return keys;
}

function ed25519Key(encoded: string): KeyObject | null {
  try {
    const key = createPrivateKey({ key: Buffer.from(encoded, 'base64'), format: 'der', type: 'pkcs8' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}
